extension HardLines {
    /// Objects and lists under a secret's or a person's key, and the forms keys are written in.
    static let nested = #"""
        hunter2x ¦¦ password={"v":"hunter2x"}
        hunter2x ¦¦ {"db.password":{"a":{"b":["hunter2x"]}},"n":1}
        hunter2x ¦¦ password: {v: hunter2x}
        hunter2x ¦ swordfish9 ¦¦ token=map[a:hunter2x b:swordfish9]
        hunter2x ¦¦ {'password': ['a', 'hunter2x']}
        hunter2x ¦¦ {"client_secret":[["hunter2x"]],"ok":"yes"}
        hunter2x ¦¦ {"password":{"v":"hunter2x
        hunter2x ¦¦ userPassword: {SSHA}hunter2x+abc/def==
        hunter2x ¦¦ {"userPassword":"{SSHA}hunter2x+abc/def=="}
        hunter2x ¦¦ {"key":"password","value":"hunter2x"}
        hunter2x ¦¦ {"name":"DB_PASSWORD", "value":"hunter2x"}
        hunter2x ¦¦ {"key":"password","value":{"stringValue":"hunter2x"}}
        hunter2x ¦¦ password[new]=hunter2x
        hunter2x ¦¦ password[]=hunter2x
        hunter2x ¦¦ user[password]=hunter2x
        hunter2x ¦¦ password%5Bnew%5D=hunter2x
        hunter2x ¦¦ <password><v>hunter2x</v></password>
        hunter2x ¦¦ <wsse:Password Type="http://docs.example/wss#PasswordText">hunter2x</wsse:Password>
        hunter2x ¦¦ <password><![CDATA[hunter2x]]></password>
        hunter2x ¦¦ ["mysqldump","--password","hunter2x","db"]
        hunter2x ¦¦ process.command_args=["--db-password", "hunter2x"]
        hunter2x ¦¦ args: ['--client-secret', 'hunter2x']
        hunter2x ¦¦ [--api-key hunter2x]
        hunter2x ¦¦ --auth-token hunter2x
        hunter2x ¦¦ enduser.password=hunter2x
        hunter2x ¦¦ PASSWORD_DB=hunter2x
        hunter2x ¦¦ API_KEY_OPENAI: hunter2x
        hunter2x ¦¦ password1=hunter2x
        hunter2x ¦¦ password_2: hunter2x
        hunter2x ¦¦ {"refresh_token_v2":"hunter2x"}
        hunter2x ¦¦ ssh_key=hunter2x
        hunter2x ¦¦ oauth_token=hunter2x
        hunter2x ¦¦ key_password=hunter2x
        hunter2x ¦¦ passwordHash: hunter2x
        hunter2x ¦¦ password_confirmation=hunter2x
        hunter2x ¦¦ passordet=hunter2x
        hunter2x ¦¦ krypteringsnøkkel=hunter2x
        hunter2x ¦¦ salasana1=hunter2x
        hunter2x ¦¦ lösenordet: hunter2x
        hunter2x ¦¦ SecretString=hunter2x
        hunter2x ¦¦ password='it''s hunter2x'
        hunter2x ¦¦ {&quot;password&quot;:{&quot;v&quot;:&quot;hunter2x&quot;}}
        hunter2x ¦¦ &lt;password&gt;hunter2x&lt;/password&gt;
        hunter2x ¦¦ 1,"{""key"":""password"",""value"":""hunter2x""}",2
        hunter2x ¦¦ password = """hunter2x"""
        0123456789abcdef0123 ¦¦ dsn=https://0123456789abcdef0123@errors.example.no/1
        Kari ¦ Nordmann ¦ Olsen ¦¦ {"navn":["Per Olsen","Kari Nordmann"]}
        Kari ¦ Nordmann ¦¦ {"navn":{"first":"Kari","last":"Nordmann"}}
        Kari ¦ Nordmann ¦¦ navn=map[first:Kari last:Nordmann]
        Kari ¦ Nordmann ¦¦ fornavn={first:Kari,last:Nordmann}
        Kari ¦¦ <navn><first>Kari</first></navn>
        Kari ¦¦ etternavn2=Kari
        karnor7 ¦¦ {"user":["ola","karnor7"]}
        karnor7 ¦¦ user1=karnor7
        Storgata ¦ Bakkeveien ¦¦ {"adresse":{"gate":"Storgata 17B","linje":"Bakkeveien 3"}}
        12345 ¦¦ skiltnr: EL12345
        12345 ¦¦ bilens skiltnr EL12345
        15075502467 ¦¦ Long id 15075502467L read
        15075502467 ¦¦ [ 15075502467n ]
        15075502467 ¦¦ user_15075502467_v2
        15075502467 ¦¦ id15075502467_v2
        """#

    /// As they are, not within another line, which would write a tab as an escape.
    static let withTabs = [
        ("password:\thunter2x", "password:\t<SECRET>"), ("password\t=\t\"hunter2x\"", "password\t=\t\"<SECRET>\""),
        ("\"password\"\n:\n\"hunter2x\"", "\"password\"\n:\n\"<SECRET>\""), ("navn:\tKari Nordmann", "navn:\t<NAME>"),
        ("--password\thunter2x", "--password\t<SECRET>"),
    ]
}
