extension HardLines {
    /// Lines that stay byte for byte.
    static let kept = #"""
        trace=4bf92f3577b34da6a3ce929d0e0e4736
        traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01
        span_id=00f067aa0ba902b7 ok
        id=550e8400-e29b-41d4-a716-446655440000
        ts=1764151200
        ts=1764151200123
        ts=1764151200123456
        ts=1764151200123456789
        epoch 1798761600 x
        version 1.2.3.4
        issuer CN=Global Root,O=Example Trust,C=US
        gpio pin: 17
        built 01/09/1997, opened 02/09/1997
        INSERT INTO metrics (id, value) VALUES (7, 'abc')
        INSERT INTO job (id, name) VALUES (7, 'cleanup')
        section S59.9139 of N12
        v=10.15.7.1 build
        ver 8.8.8.8
        fw=8.8.4.4
        firmware: 12.34.56.78
        ordre 20261126
        ordrenr=12345678
        invoice 20261126-0042
        orderNumber=10023455671x
        at com.example.Foo$1@1a2b3c
        git@github.com:org/repo.git
        npm i @scope/pkg@1.2.3
        std::vector<int>
        10:42:07 INFO
        10.0.0.1 GET
        192.168.1.17:8080
        127.0.0.1
        ::1 ok
        fe80::1 x
        fd00::1
        orgnr 889640782
        NO889640782MVA
        HTTP/1.1" 200 12345678 "-"
        bytes=12345678 dur=41234567
        size 41234567
        2026-11-26 10:00:00
        20261126T100000Z
        202611261000
        sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
        commit 41234567a
        pid=41234
        node-1234567
        token expired
        password is wrong
        invalid token
        page_token=2
        next_token: 3
        session started
        user agent Mozilla/5.0
        user_id=17
        status=200 response=200 in 12ms
        response=OK
        response_time=12
        {"response":"ok","n":1}
        response: 4bf92f3577b34da6a3ce929d0e0e4736
        {"response":"4bf92f3577b34da6a3ce929d0e0e4736"}
        WWW-Authenticate: Digest realm="x", qop="auth"
        challenge-response ok
        cnonce missing
        nonce=12 x
        std::map::iterator a
        a::b::c
        Foo::Bar
        0x41234567
        lat=12ms
        latency 12.34567
        temperature 59.91273
        1.2.3
        rc=0.12345
        uptime 41234567
        seq=4302157368193037
        id 4302157368193037
        0.0.0.0:80
        255.255.255.0
        8.8.8.8.8
        1.2.3.4.5.6
        oid 1.3.6.1.4.1
        oid=1.3.6.1
        ISO 9001:2015
        k8s pod a-7d9f8b6c5-x2x4z
        jobid 20261126100000
        ETag: "33a64df5"
        md5=9e107d9d372bb6826bd81d3542a419d6
        rev 3f2504e04f8941d39a0c0305e82c3301
        a1b2c3d4e5f60718293a4b5c6d7e8f90
        corr-id 01J9ZQ4X7WYKQ3V9B2N8M6T5R4
        100000000000 bytes
        99999999999
        12345678901 ns
        0,12345678
        1 234 567 890
        kl 12.34.56
        37.5 C
        +1
        +12
        +123 ms
        x+4741
        -47 12
        a=+47
        fnr mangler
        fnr=
        fnr: null
        fnr=***
        konto sperret
        tlf.
        e-post mangler
        e-post: -
        account=standard
        account: premium
        cpr ok
        name=nginx
        name: my-service
        user=root
        user=postgres
        username=-
        address=localhost:80
        address=10.0.0.1:80
        address=0x7ffe41234567
        secret/data/app
        GET /token HTTP/1.1
        /login?next=/token
        cookie consent
        sid=7
        pin=4 of 8
        pass=3 fail=0
        signature ok
        sig 11
        passed=12
        sig=11
        fnr_count=3
        fnr.length=11
        kid ok
        lat=12
        lng=nb
        lon=short
        mac os
        station 7
        device=sda1
        enhet=3
        tel=0
        age=41234567
        0412345678
        uid=1000
        gid=1000
        user=1000
        username: null
        bruker mangler
        navn mangler
        name="eth0"
        name=api-7f9c
        hostname=web1
        filename=a.pdf
        fullname=
        firstname:
        display_name=N/A
        email=null
        email: true
        emails=3
        mails sent: 41
        epost sendt
        tlf mangler
        phone=false
        mobile: yes
        ring buffer 12345678
        ring_size=4096
        cell 12
        mobil app 3.2.1.0
        version 3.2.1.0
        app/3.2.1.0
        Chrome/120.0.6099.109 x
        Chrome/119.0.0.0 Safari/537.36
        Firefox/121.0
        nginx/1.24.0
        OpenSSL 1.1.1.1
        driver=4.18.0.553
        release=2.4.6.8
        sdk 30.0.1.2
        build-1.22.33.44
        v1.2.3.4
        v10.20.30.40-rc1
        jar-1.2.3.4.jar
        lib.so.1.2.3.4
        /opt/app-10.15.7.1/bin
        python3.11.2.1
        GET /v1.2.3.4/x
        tag:1.2.3.4-alpine
        1.2.3.4-SNAPSHOT
        date=20.11.2026
        kl. 10.42.07
        10:42:07.123
        10:42
        a:b:c:d:e:f
        1:2:3:4:5:6
        00:00:00
        ab:cd
        dead:beef
        face
        add::remove
        abc::def::ghi
        0::0
        10::20
        x::y
        ts=2026-11-26T10:00:00.123456789+01:00
        2026-11-26 10:00:00,123
        26.11.2026 10:00:00.123
        [20261126 100000]
        run 20261126_100000
        order 4302157368
        ordre=2026-00012345
        KID mangler
        faktura 10001234567890
        sku 7038010000000
        ean 7038010000003
        isbn 9788205412345
        tracking 370712345678901234
        parcel 00370712345678901234
        vin WBA12345678901234
        imei_count=2
        batch 41234567-89
        id=41234567
        ref 41234567
        saksnr 2026/12345
        sak 202612345
        journalpost 453812345
        journalpostId=453812345
        aktørid mangler
        oppgave 41234567
        behandling=41234567
        vedtak 1234567
        enhetsnr 4812
        orgnr 974761076
        org.nr. 974 761 076
        974761076
        NO 974 761 076 MVA
        org=974761076&x
        offset=41234567 lag=0
        partition-3 offset 123456789012
        bytes 123456789012
        rx 41234567 tx 92345678
        heap 41234567K->12345678K(92345678K)
        GC(1234) 41M->12M(92M) 3.123ms
        0.123 0.456
        50.12345 ms, 60.12345 ms
        p50=12.34567 p99=59.91273
        [59.91273]
        ratio 0.91273,
        x=59.91273
        cpu 12.34567 mem 23.45678
        secret mounted
        secrets: 3
        no password
        password reset requested
        password changed for user
        token refreshed
        tokens=512
        max_tokens=4096
        token_count: 77
        prompt_tokens: 12
        session=
        session timeout=30
        signature verified
        api key missing
        cookie=
        bearer missing
        Basic auth enabled
        basic: yes
        digest ok
        digest: sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
        docker pull a@sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
        login: timed out after 60 seconds
        address: unreachable
        address: invalid format
        token=0
        bbox [12.3456, 45.6789, 98.1234, 12.9999]
        histogram 12.3456,45.6789 87.6543
        colour #033a5b on #012345 and #011
        {"name":"Authorization","value":""}
        {"name":"READ COMMITTED"}
        {"name":"CPU FAN"}
        {"name":"KARI"}
        issue #033 closed by #0110
        login for user 3fa85f64-5717-4562-b3fc-2c963f66afa6 failed
        {"user":"3fa85f64-5717-4562-b3fc-2c963f66afa6"}
        Password reset requested, password must be 12 characters
        password sha256 mismatch
        password changed 2026-11-30T12:00:00Z
        password is required
        password is case-sensitive
        password v2
        password file12.txt
        passord er feil
        {"name":"node exporter","port":9100}
        {"name":"http requests total","value":3}
        docker run -p 8080 web
        ssh -p 2222 host
        mysqld -p
        GET 200 ok
        bil ABC kom
        took 123 ms, row 456
        PID 123 SIG 456
        theme=dark
        password policy 'strict mode'
        user session is not open
        ABC::DEF ok
        """#
}
