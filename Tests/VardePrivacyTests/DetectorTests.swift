import Testing

@testable import VardePrivacy

@Suite struct DetectorTests {
    let redact = Redaction()

    @Test(arguments: [
        "02013299997", "30108299920", "02013299806", "70019950032", "10915596784", "30108299939", "02013299903",
    ]) func `Norwegian numbers of every certain kind are found bare`(number: String) {
        #expect(redact("sak \(number) lukket") == "sak <FNR> lukket")
        #expect(redact("sak \(number.prefix(6)) \(number.suffix(5)) lukket") == "sak <FNR> lukket")
        #expect(redact("sak \(number.prefix(6))\u{A0}\(number.suffix(5)) lukket") == "sak <FNR> lukket")
        #expect(redact("x\(number)") == "x\(number)")
        #expect(redact("\(number)7") == "\(number)7")
        #expect(redact("user\(number) ok") == "user<FNR> ok")
        #expect(redact("sak_\(number)_vedlegg.pdf") == "sak_<FNR>_vedlegg.pdf")
        #expect(redact("dead\(number)") == "dead\(number)")
        let d = Array(number).map(String.init)
        #expect(redact("sak \(d[0...1].joined()) \(d[2...3].joined()) \(d[4...5].joined()) \(d[6...].joined()) ok") == "sak <FNR> ok")
        #expect(redact("sak \(d[0...2].joined()) \(d[3...5].joined()) \(d[6...].joined()) ok") == "sak <FNR> ok")
        let wide = String(String.UnicodeScalarView(number.unicodeScalars.map { Unicode.Scalar($0.value + 0xFEE0)! }))
        #expect(redact("sak \(wide) lukket") == "sak <FNR> lukket")
        #expect(redact("sak \(number.map { "&#\($0.asciiValue!);" }.joined()) lukket") == "sak <FNR> lukket")
    }

    @Test(arguments: ["13527248013", "68467038838", "15507600333"]) func `Numbers with month + 40 need a key, a word or a path`(
        number: String
    ) {
        #expect(redact("sak \(number) lukket") == "sak \(number) lukket")
        #expect(redact("fnr=\(number)") == "fnr=<FNR>")
        #expect(redact("fødselsnummer \(number)") == "fødselsnummer <FNR>")
        #expect(redact("GET /sak/\(number) HTTP/1.1") == "GET /sak/<FNR> HTTP/1.1")
        var policy = RedactionPolicy()
        policy.isTestProfile = true
        #expect(Redaction(policy)("sak \(number) lukket") == "sak <FNR> lukket")
    }

    @Test func `A number written as a JSON integer is padded and becomes a string`() {
        #expect(redact("ref 02013299997T10:30:00Z") == "ref <FNR>T10:30:00Z")
        #expect(redact("ref 02013299997Tor") == "ref 02013299997Tor")
        #expect(redact(#"{"fnr":2013299997,"n":1}"#) == #"{"fnr":"<FNR>","n":1}"#)
        #expect(redact(#"{"fnr":30108299920}"#) == #"{"fnr":"<FNR>"}"#)
        let lines = redact.lines([#"{"fnr":2013299997}"#, "fnr 02013299997"])
        #expect(lines[0].contains(String(lines[1].dropFirst(4))))
    }

    @Test(arguments: [
        ("order_4302157368193038", "order_<CARD>"),
        ("tlf4302157368193038 x", "tlf<CARD> x"),
        ("4302157368193038_x", "<CARD>_x"),
        ("kort 4302.1573.6819.3038 ok", "kort <CARD> ok"),
        ("user_+4791234567_x", "user_<PHONE>_x"),
        ("acc_NO7664262129975", "acc_<IBAN>"),
        ("NO7664262129975_old", "<IBAN>_old"),
        ("ip_8.8.8.8", "ip_8.8.8.0"),
        ("personnr 20.05.94-18379 x", "personnr <FNR> x"),
        ("fødselsdato 20.05.94 18379", "fødselsdato <FNR>"),
        ("dato 20.05.94 12345 kr", "dato 20.05.94 12345 kr"),
        ("Cookie: a=b; auth=hunter2defghij", "Cookie: a=b; auth=<SECRET>"),
        ("cookie: session=x; auth=y HTTP", "cookie: session=<SECRET>; auth=y HTTP"),
        (#"{"password":{"value":"hunter2obj"},"a":1}"#, #"{"password":{"value":"<SECRET>"},"a":1}"#),
        (#"{"password":["a12345","b12345"],"n":2}"#, #"{"password":["<SECRET>","<SECRET>"],"n":2}"#),
    ]) func `What stands against an underscore, in parts or behind the first is found`(line: String, expected: String) {
        #expect(redact(line) == expected)
    }

    @Test(arguments: [
        ("mail ola.nordmann@example.no nå", "mail <EMAIL> nå"),
        ("til <ola@blåbær.no>", "til <<EMAIL>>"),
        ("?epost=ola%2Bx%40example.no&t=1", "?epost=<EMAIL>&t=1"),
        ("git@github.com:a/b.git", "git@github.com:a/b.git"),
        ("@scope/pkg@1.2.3", "@scope/pkg@1.2.3"),
        ("HttpConn@e4580d1; x", "HttpConn@e4580d1; x"),
        ("Fra: ola@example.no.", "Fra: <EMAIL>."),
        ("til ola&#64;example.no nå", "til <EMAIL> nå"),
        ("user ola@firma.no- logged in", "user <EMAIL>- logged in"),
        ("ola.nordmann@firma.no_old", "<EMAIL>_old"),
        ("ola@a.my-host.com x", "<EMAIL> x"),
        ("til ola&#x40;example.no nå", "til <EMAIL> nå"),
        ("til ola&commat;example.no nå", "til <EMAIL> nå"),
        ("til ola\u{FF20}example.no nå", "til <EMAIL> nå"),
        ("a&#169;b & c&amp;d \u{FF21} e@f", "a&#169;b & c&amp;d \u{FF21} e@f"),
    ]) func `E-mail addresses are found, other uses of @ are not`(line: String, expected: String) {
        #expect(redact(line) == expected)
    }

    @Test(arguments: [
        ("ring +47 99 88 77 66 nå", "ring <PHONE> nå"),
        ("ring +4799887766.", "ring <PHONE>."),
        ("ring 0047 998 87 766 nå", "ring <PHONE> nå"),
        ("ring (+47) 99887766 nå", "ring <PHONE> nå"),
        ("tlf 99887766 ok", "tlf <PHONE> ok"),
        ("tlf: 998 87 766 ok", "tlf: <PHONE> ok"),
        ("bytes 99887766 ok", "bytes 99887766 ok"),
        ("dag 20261204 ok", "dag 20261204 ok"),
        ("til +1617-555-1235 ref", "til <PHONE> ref"),
        ("til +46 70 123 45 67 ref", "til <PHONE> ref"),
        ("+0100", "+0100"),
        ("tlf=%2B4799887766&x=1", "tlf=<PHONE>&x=1"),
    ]) func `Phone numbers need their prefix or a word`(line: String, expected: String) {
        #expect(redact(line) == expected)
    }

    @Test(arguments: [
        ("kort 4111 1111 1111 1111 ok", "kort <CARD> ok"),
        ("kort 4111111111111111 ok", "kort <CARD> ok"),
        ("kort 378282246310005", "kort <CARD>"),
        ("kort 3782-822463-10005", "kort <CARD>"),
        ("nr 4111111111111112", "nr 4111111111111112"),
        ("tid 1784720432664", "tid 1784720432664"),
        ("konto 1234.56.78903", "konto <ACCOUNT>"),
        ("konto 12345678903", "konto <ACCOUNT>"),
        ("batch 12345678903", "batch 12345678903"),
        ("til NO9386011117947 feilet", "til <IBAN> feilet"),
        ("til NO93 8601 1117 947 feilet", "til <IBAN> feilet"),
        ("til GB82 WEST 1234 5698 7654 32 ok", "til <IBAN> ok"),
        ("til NO9386011117948", "til NO9386011117948"),
    ]) func `Cards, accounts and IBANs are judged by their check digits`(line: String, expected: String) {
        #expect(redact(line) == expected)
    }

    @Test(arguments: [
        ("fra 81.2.69.142 port 1", "fra 81.2.69.0 port 1"),
        ("fra 10.1.2.3 og 127.0.0.1 og 192.168.1.7", "fra 10.1.2.3 og 127.0.0.1 og 192.168.1.7"),
        (#"{"fw":"12.81.44.196"}"#, #"{"fw":"12.81.44.196"}"#),
        ("versjon 11.65.63.201", "versjon 11.65.63.201"),
        ("fra 2a02:2121:600:1::5 ok", "fra 2a02:2121:600:: ok"),
        ("std::vector og fe80::1", "std::vector og fe80::1"),
        ("kl 12:34:56", "kl 12:34:56"),
        ("mac 9a:5e:23:c5:48:d6", "mac <MAC>"),
        ("mac 9a-5e-23-c5-48-d6", "mac <MAC>"),
        ("mac 9a5e.23c5.48d6", "mac <MAC>"),
    ]) func `Addresses of networks are truncated, private ones and versions stay`(line: String, expected: String) {
        #expect(redact(line) == expected)
    }

    @Test(arguments: [
        ("id 850709-9805 ok", "id <SE_PNR> ok"),
        ("id 19850709-9805 ok", "id <SE_PNR> ok"),
        ("cpr 070761-4285", "cpr <DK_CPR>"),
        ("nr 010190-1234 ok", "nr <DK_CPR> ok"),
        ("hetu 131052-308T", "hetu <FI_HETU>"),
        ("x 131052A308T y", "x <FI_HETU> y"),
        ("kennitala 120174-3399", "kennitala <IS_KT>"),
        (#"{"dufnummer":"200879759132"}"#, #"{"dufnummer":"<DUF>"}"#),
        ("førerkort nr 27 22 486181 1 og", "førerkort nr <LICENCE> og"),
        ("bil RU58054", "bil <PLATE>"),
        ("bil YY 78535 ok", "bil <PLATE> ok"),
        ("posisjon 58.8204, 17.6794863 (", "posisjon <GPS>, <GPS> ("),
        (#""lat":65.224704,"lon":6.338885,"cpu":0.991098"#, #""lat":"<GPS>","lon":"<GPS>","cpu":0.991098"#),
    ]) func `Numbers of the neighbours, licences, plates and positions are found`(line: String, expected: String) {
        #expect(redact(line) == expected)
    }

    @Test(arguments: [
        ("password=hunter2 x", "password=<SECRET> x"),
        (#"{"password":"a\"b","user_id":7}"#, #"{"password":"<SECRET>","user_id":7}"#),
        ("postgres://app:s3cret@db:5432/x", "postgres://app:<SECRET>@db:5432/x"),
        ("redis://:s3cret@10.0.3.7:6379/0", "redis://:<SECRET>@10.0.3.7:6379/0"),
        ("http://host:8080/path?a=b@c", "http://host:8080/path?a=b@c"),
        ("Authorization: Bearer abcDEF123456xyz", "Authorization: Bearer <TOKEN>"),
        ("authorization: Token 9944b09199c62bcf9418ad846dd0e4bb", "authorization: Token <SECRET>"),
        (
            #"Authorization: Digest username="kari", nonce="abc", response="6629fae49393a05397450978507c4ef1""#,
            "Authorization: Digest <SECRET>"
        ),
        (
            #"curl -H 'Authorization: Digest username="kari", response="6629fae493"' https://a"#,
            "curl -H 'Authorization: Digest <SECRET>' https://a"
        ),
        (#"{"authorization":"Digest username=\"kari\", response=\"6629fae4\"","n":1}"#, #"{"authorization":"Digest <SECRET>","n":1}"#),
        ("Authorization: AWS4-HMAC-SHA256 Credential=AKI/2026/eu, Signature=fe5f80f7", "Authorization: AWS4-HMAC-SHA256 <SECRET>"),
        ("authorization failed for token exchange", "authorization failed for token exchange"),
        ("key AKIAIOSFODNN7EXAMPLE end", "key <TOKEN> end"),
        ("curl -u ola:pw123 https://x", "curl -u <USER>:<SECRET> https://x"),
        ("t eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abc_DEF-1 x", "t <JWT> x"),
        ("next_token=abc123", "next_token=abc123"),
        ("PWD=/srv/app", "PWD=/srv/app"),
    ]) func `Secrets are masked, what only looks like one is not`(line: String, expected: String) {
        #expect(redact(line) == expected)
    }

    @Test(arguments: [
        (#"{"navn":"Kari Nordmann","id":1}"#, #"{"navn":"<NAME>","id":1}"#),
        (#"{\"navn\":\"Kari \\u00c5s\",\"id\":1}"#, #"{\"navn\":\"<NAME>\",\"id\":1}"#),
        ("ident=1;navn=Marte Jensen;adr=Storgata 7, 0155 Oslo;x=1", "ident=1;navn=<NAME>;adr=<ADDRESS>;x=1"),
        ("?fornavn=Kari&etternavn=N%C3%A6ss&x=1", "?fornavn=<NAME>&etternavn=<NAME>&x=1"),
        ("user=app host=db", "user=app host=db"),
        (
            "10.0.0.1 - kari.n [25/Mar/2026:20:03:13 +0100] \"GET / HTTP/1.1\" 200",
            "10.0.0.1 - <USER> [25/Mar/2026:20:03:13 +0100] \"GET / HTTP/1.1\" 200"
        ),
        ("Failed password for invalid user tyler from 10.0.0.9 port 1", "Failed password for invalid user <USER> from 10.0.0.9 port 1"),
        ("Accepted publickey for kari from 10.0.0.9", "Accepted publickey for <USER> from 10.0.0.9"),
        (#"{"name":"http-server","host":"a"}"#, #"{"name":"http-server","host":"a"}"#),
        (#"{"fodselsdato":"16.08.1926"}"#, #"{"fodselsdato":"<BIRTH_DATE>"}"#),
    ]) func `Names, users and addresses are found under their keys`(line: String, expected: String) {
        #expect(redact(line) == expected)
    }

    @Test(arguments: [
        "trace dc944380ecf20052848181f7c07d55a span 7255c06d71627cea",
        "id=17684878-7065-4470-8900-59292244696f",
        "traceparent 00-1c23f17009e8d54aed5cc6f8b48852ba-a4888bc8e044876b-01",
        "epoch 1804148953 ms 1804148953123 ns 1804148953123456789",
        "org 886501862MVA og 886501862",
        "api-4affbd7e8c-pq8xk 0x9aecac22ae38 ORA-73406",
        "order 2857613963 shipped, tracking 6101908421859468, invoice 9958501775486590",
    ]) func `Identifiers of machines stay`(line: String) {
        #expect(redact(line) == line)
    }
}
