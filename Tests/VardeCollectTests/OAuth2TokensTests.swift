import Synchronization
import Testing
import VardeEgress

@testable import VardeCollect

@Suite struct OAuth2TokensTests {
    @Test func `A token is fetched once, used until shortly before its end, then fetched anew`() async throws {
        let now = Mutex<Int64>(0)
        let tokens = OAuth2Tokens(clock: { now.withLock { $0 } })
        var options = OAuth2Options(clientID: "me", tokenURL: "http://t/")
        options.clientSecret = "s&"
        options.scopes = ["a", "b"]
        options.endpointParameters = ["audience": "x y"]
        let posts = Mutex<[(headers: [(String, String)], body: String)]>([])
        func header() async throws -> String {
            try await tokens.header(options) { headers, body, _ in
                let count = posts.withLock { posts in
                    posts.append((headers, String(decoding: body, as: UTF8.self)))
                    return posts.count
                }
                return EgressResponse(
                    status: 200, headers: [],
                    body: Array("{\"access_token\":\"t\(count)\",\"token_type\":\"bearer\",\"expires_in\":60}".utf8))
            }
        }
        #expect(try await header() == "Bearer t1")
        now.withLock { $0 = 49_000 }
        #expect(try await header() == "Bearer t1")
        now.withLock { $0 = 51_000 }
        #expect(try await header() == "Bearer t2")
        let first = try #require(posts.withLock { $0.first })
        #expect(first.body == "grant_type=client_credentials&scope=a+b&audience=x+y")
        // me:s%26
        #expect(first.headers.contains { $0 == ("Authorization", "Basic bWU6cyUyNg==") })
    }

    @Test func `A refusal fails the scrape, without a word of the secret`() async {
        var options = OAuth2Options(clientID: "me", tokenURL: "http://t/")
        options.clientSecret = "hush"
        let fixed = options
        do {
            _ = try await OAuth2Tokens(clock: { 0 }).header(fixed) { _, _, _ in EgressResponse(status: 401, headers: [], body: []) }
            Issue.record("no error")
        } catch {
            #expect("\(error)" == "oauth2: cannot fetch token: 401 Unauthorized from http://t/")
        }
    }
}
