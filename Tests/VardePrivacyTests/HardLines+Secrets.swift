extension HardLines {
    /// Passwords, tokens, headers.
    static let secrets = #"""
        02013299997 ¦¦ GET /api/person/02013299997/saker?side=1 HTTP/1.1
        4111111111111111 ¦¦ card_number=4111111111111111&cvv=123
        hunter2x ¦¦ password=hunter2x!
        hunter2x ¦¦ PASSWORD: hunter2x!
        ter2x ¦¦ {"password":"hun\"ter2x"}
        hunter2x ¦¦ pwd='hunter2x'
        hunter2x ¦¦ DB_PASSWORD=hunter2x
        hunter2x ¦¦ endpoint.password=hunter2x
        hunter2x ¦¦ nextcloud_password=hunter2x
        hunter2x ¦¦ syncthing.password: hunter2x!
        hunter2x9 ¦¦ PAGERDUTY_TOKEN=hunter2x9
        hunter2x ¦¦ --password hunter2x
        hunter2x ¦¦ --password=hunter2x
        hunter2x ¦¦ curl -u kari:hunter2x http://a
        hunter2x ¦¦ postgres://app:hunter2x@db/x
        hunter2x ¦¦ redis://:hunter2x@r:6379
        abcdefghijklmnop1234567 ¦¦ Authorization: Bearer abcdefghijklmnop1234567
        a2FyaTpodW50ZXIy ¦¦ authorization=Basic a2FyaTpodW50ZXIy
        AKIAIOSFODNN7EXAMPLE ¦¦ AKIAIOSFODNN7EXAMPLE
        ghp_0123456789abcdefghijABCDEFGHIJ012345 ¦¦ ghp_0123456789abcdefghijABCDEFGHIJ012345
        abc123def ¦¦ api_key=abc123def
        abc123def ¦¦ x-api-key: abc123def
        def12 ¦¦ client_secret=abc%2Fdef12&x=1
        eyJzdWIiOiIxIn0 ¦¦ eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abcDEF123_-
        0123456789abcdef01234567 ¦¦ sk_live_0123456789abcdef01234567
        abcdef123456 ¦¦ token=abcdef123456
        hunter2x ¦¦ Server=db;User Id=app;Password=hunter2x;
        hunter2x ¦¦ jdbc:postgresql://db/x?user=app&password=hunter2x
        abcdefghij0123456789 ¦¦ glpat-abcdefghij0123456789
        123456789012-abcdefghijkl ¦¦ xoxb-123456789012-abcdefghijkl
        hunter2x ¦¦ secret: "hunter2x"
        abcdef123 ¦¦ Set-Cookie: sid=abcdef123; Path=/
        0123456789abcdefghijABCDEFGHIJ012345 ¦¦ npm_0123456789abcdefghijABCDEFGHIJ012345
        6629fae49393a05397450978507c4ef1 ¦ 0a4f113b ¦¦ http_authorization="Digest username=\"kari\", nonce=\"dcd98b71\", cnonce=\"0a4f113b\", response=\"6629fae49393a05397450978507c4ef1\"" rt=1
        6629fae49393a05397450978507c4ef1 ¦ 0a4f113b ¦¦ {"h":"Digest username=\"kari\", cnonce=\"0a4f113b\", response=\"6629fae49393a05397450978507c4ef1\""}
        6629fae49393a05397450978507c4ef1 ¦ 0a4f113b ¦¦ header="Digest username=\"kari\", cnonce=\"0a4f113b\", response=\"6629fae49393a05397450978507c4ef1\"" status=200
        6629fae49393a05397450978507c4ef1 ¦ 0a4f113b ¦¦ Authentication-Info: qop=auth, rspauth="6629fae49393a05397450978507c4ef1", cnonce="0a4f113b", nc=00000001
        6629fae49393a05397450978507c4ef1 ¦ 0a4f113b ¦¦ digest username=kari realm=x response=6629fae49393a05397450978507c4ef1 cnonce=0a4f113b
        6629fae49393a05397450978507c4ef1 ¦ 0a4f113b ¦¦ parsed {username: kari, realm: x, response: 6629fae49393a05397450978507c4ef1, cnonce: 0a4f113b}
        6629fae49393a05397450978507c4ef1 ¦ 0a4f113b ¦¦ {"auth":{"scheme":"digest","response":"6629fae49393a05397450978507c4ef1","cnonce":"0a4f113b"}}
        6629fae49393a05397450978507c4ef1 ¦ 0a4f113b ¦¦ {"auth":{"cnonce":"0a4f113b","nc":"00000001","response":"6629fae49393a05397450978507c4ef1"}}
        6629fae49393a05397450978507c4ef1 ¦ 0a4f113b ¦¦ Digest username=%22kari%22, nonce=%22aa%22, response=%226629fae49393a05397450978507c4ef1%22, cnonce=%220a4f113b%22
        6629fae49393a05397450978507c4ef1 ¦ 0a4f113b ¦¦ h=Digest username=\x22kari\x22, nonce=\x22aa\x22, response=\x226629fae49393a05397450978507c4ef1\x22, cnonce=\x220a4f113b\x22
        6629fae49393a05397450978507c4ef1 ¦ 0a4f113b ¦¦ Authorization: Digest username='kari', nonce='aa', response='6629fae49393a05397450978507c4ef1', cnonce='0a4f113b'
        hunter2x ¦¦ password = "hunter2x"
        hunter2x ¦¦ password => hunter2x
        hunter2x ¦¦ password:hunter2x
        hunter2x ¦¦ 'password': 'hunter2x'
        hunter2x ¦¦ {password: "hunter2x"}
        hunter2x ¦¦ <password>hunter2x</password>
        hunter2x ¦¦ <pwd>hunter2x</pwd>
        hunter2x ¦¦ password=hunter2x&user=x
        hunter2x ¦¦ newPassword=hunter2x
        hunter2x ¦¦ old_password: hunter2x
        hunter2x ¦¦ user_password=hunter2x
        hunter2x ¦¦ PGPASSWORD=hunter2x psql
        hunter2x ¦¦ passwd: hunter2x!
        hunter2x ¦¦ lösenord=hunter2x
        hunter2x ¦¦ salasana: hunter2x
        hunter2x ¦¦ adgangskode=hunter2x
        abcdef1234567890 ¦¦ X-Auth-Token: abcdef1234567890
        abcdef1234567890abcd ¦¦ x-vault-token: s.abcdef1234567890abcd
        abcdef1234567890 ¦¦ Authorization: ApiKey abcdef1234567890
        abcdef1234567890 ¦¦ Authorization: Token abcdef1234567890
        abcdef1234567890xyz ¦¦ authorization: bearer abcdef1234567890xyz
        abcdef1234567890xyz ¦¦ {"Authorization":["Bearer abcdef1234567890xyz"]}
        abcdef1234567890 ¦¦ access_token=abcdef1234567890&expires=1
        abcdef1234567890 ¦¦ #access_token=abcdef1234567890
        abcdef1234567890 ¦¦ refreshToken":"abcdef1234567890
        abcdef1234567890 ¦¦ id_token: abcdef1234567890
        wJalrXUtnFEMI ¦¦ aws_secret_access_key: wJalrXUtnFEMI/K7MDENG
        abcdef1234567890 ¦¦ sig=abcdef1234567890%3D&se=1
        abcdef1234567890 ¦¦ SharedAccessSignature sr=a&sig=abcdef1234567890&se=1
        abcdef1234567890 ¦¦ AccountKey=abcdef1234567890==;
        hunter2x ¦¦ mongodb+srv://u:hunter2x@c.mongodb.net
        hunter ¦¦ amqp://u:hunter%402x@h
        hunter2x ¦¦ https://u:hunter2x@h:80/
        ABCDEF123456 ¦¦ Cookie: JSESSIONID=ABCDEF123456; other=1
        ABCDEF123456 ¦¦ JSESSIONID=ABCDEF123456
        123456 ¦¦ otp=123456
        123456 ¦¦ otp: 123456
        abcdef123456 ¦¦ client-secret: abcdef123456
        """#
}
