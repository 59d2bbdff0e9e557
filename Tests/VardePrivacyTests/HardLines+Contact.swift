extension HardLines {
    /// Telephones, e-mail, names.
    static let contact = #"""
        02013299997 ¦¦ uid=02013299997@ad
        02013299997 ¦¦ params: [02013299997(String), 1(Integer)]
        kari.nordmann ¦¦ <kari.nordmann@example.no>
        kari.nordmann ¦¦ mailto:kari.nordmann@example.no
        kari.nordmann ¦¦ to=<kari.nordmann@example.no>, relay=x
        kari.nordmann ¦¦ Kari Nordmann <kari.nordmann@example.no>
        kari.nordmann ¦¦ kari.nordmann@example.no;kari.nordmann@example.no
        kari.nordmann ¦¦ kari.nordmann%40example.no
        kari.nordmann ¦¦ kari.nordmann%2540example.no
        kari.nordmann ¦¦ kari.nordmann\u0040example.no
        kari.nordmann ¦¦ "kari.nordmann@example.no"
        kari.nordmann ¦¦ (kari.nordmann@example.no)
        kari.nordmann ¦¦ user=kari.nordmann@example.no
        kari.nordmann ¦¦ kari.nordmann@example.no:8080
        kari.nordmann ¦¦ [kari.nordmann@example.no]
        kari.nordmann ¦¦ kari.nordmann@example.no|x
        kari.nordmann ¦¦ from=kari.nordmann@example.no&to=x
        kari.nordmann ¦¦ acct:kari.nordmann@example.no
        kari.nordmann ¦¦ sip:kari.nordmann@example.no;tag=1
        KARI.NORDMANN ¦¦ KARI.NORDMANN@EXAMPLE.NO
        kari.nordmann ¦¦ kari.nordmann@EXAMPLE.no,
        kåre.øst ¦¦ kåre.øst@blåbær.no
        kari.nordmann ¦¦ kari.nordmann+x@example.no
        kari_nordmann ¦¦ kari_nordmann@mail.example.co.uk!
        1234567 ¦¦ ring +4741234567 nå
        1234567 ¦¦ {"msisdn":"+4741234567"}
         34 567 ¦¦ ring +47 412 34 567 nå
         34 567 ¦¦ {"msisdn":"+47 412 34 567"}
        3 45 67 ¦¦ ring +47 41 23 45 67 nå
        3 45 67 ¦¦ {"msisdn":"+47 41 23 45 67"}
        1234567 ¦¦ {"msisdn":"0047 41234567"}
        1234567 ¦¦ {"msisdn":"004741234567"}
        1234567 ¦¦ {"msisdn":"(+47) 41234567"}
         34 567 ¦¦ {"msisdn":"(+47) 412 34 567"}
        -34-567 ¦¦ ring +47-412-34-567 nå
        -34-567 ¦¦ {"msisdn":"+47-412-34-567"}
        3 45 67 ¦¦ {"msisdn":"+46 70 123 45 67"}
        1234567 ¦¦ {"msisdn":"+46701234567"}
        4 56 78 ¦¦ ring +45 12 34 56 78 nå
        4 56 78 ¦¦ {"msisdn":"+45 12 34 56 78"}
        1234567 ¦¦ {"msisdn":"+358 40 1234567"}
        46 0958 ¦¦ ring +44 20 7946 0958 nå
        46 0958 ¦¦ {"msisdn":"+44 20 7946 0958"}
        55-0123 ¦¦ ring +1 (212) 555-0123 nå
        55-0123 ¦¦ {"msisdn":"+1 (212) 555-0123"}
        5550123 ¦¦ ring +12125550123 nå
        5550123 ¦¦ {"msisdn":"+12125550123"}
        4741234567 ¦¦ ring %2B4741234567 nå
        4741234567 ¦¦ {"msisdn":"%2B4741234567"}
         901820 ¦¦ ring +49 30 901820 nå
         901820 ¦¦ {"msisdn":"+49 30 901820"}
        41234567 ¦¦ tlf 41234567
        41234567 ¦¦ telefon: 41234567
        41234567 ¦¦ mobil=41234567
        41234567 ¦¦ {"phone":"41234567"}
        41234567 ¦¦ Mob. 41234567
        41234567 ¦¦ tlf.nr. 41234567
        41234567 ¦¦ mobilnr 41234567 er feil
        41234567 ¦¦ kontakt tlf 41234567 eller mail
        412 34 567 ¦¦ tlf 412 34 567
        412 34 567 ¦¦ telefon: 412 34 567
        412 34 567 ¦¦ mobil=412 34 567
        412 34 567 ¦¦ {"phone":"412 34 567"}
        412 34 567 ¦¦ Mob. 412 34 567
        412 34 567 ¦¦ tlf.nr. 412 34 567
        412 34 567 ¦¦ mobilnr 412 34 567 er feil
        412 34 567 ¦¦ kontakt tlf 412 34 567 eller mail
        41 23 45 67 ¦¦ tlf 41 23 45 67
        41 23 45 67 ¦¦ telefon: 41 23 45 67
        41 23 45 67 ¦¦ mobil=41 23 45 67
        41 23 45 67 ¦¦ {"phone":"41 23 45 67"}
        41 23 45 67 ¦¦ Mob. 41 23 45 67
        41 23 45 67 ¦¦ tlf.nr. 41 23 45 67
        41 23 45 67 ¦¦ mobilnr 41 23 45 67 er feil
        41 23 45 67 ¦¦ kontakt tlf 41 23 45 67 eller mail
        Nordmann ¦¦ navn=Kari Nordmann sak=1
        Kåre ¦¦ {"fornavn":"Kåre","etternavn":"Østby"}
        Østby ¦¦ etternavn: Østby
        Nord%20mann ¦¦ ?fornavn=Kari&etternavn=Nord%20mann
        kari.n ¦¦ username=kari.n
        karinor ¦¦ brukernavn: karinor
        Østby ¦¦ <etternavn>Østby</etternavn>
        kari.nordmann ¦¦ {\x22mail\x22:\x22kari.nordmann\x40example.no\x22}
        41234567 ¦¦ \x7B\x22tlf\x22:\x2241234567\x22\x7D
        1234567 ¦¦ puh. 040 1234567
        123 4567 ¦¦ puhelin: 040 123 4567
        123 45 67 ¦¦ mobil +46 (0)70-123 45 67
        12345678 ¦¦ tel +45 12345678
        41 23 45 67 ¦¦ tlf.: 41 23 45 67
        412-34-567 ¦¦ tlf 412-34-567
        412.34.567 ¦¦ tlf 412.34.567
        41234567 ¦¦ tlf: (+47)41234567
        41234567 ¦¦ Telefonnummer 41234567
        41234567 ¦¦ telefon (41234567)
        41234567 ¦¦ phone="41234567"
        41234567 ¦¦ phone: ['41234567']
        92345678 ¦¦ {"phones":["41234567","92345678"]}
        41234567 ¦¦ {"mobil":41234567}
        41234567 ¦¦ mobil:41234567;
        41234567 ¦¦ SMS sendt til 41234567
        41234567 ¦¦ sms to 41234567 failed
        41234567 ¦¦ ringte 41234567
        22345678 ¦¦ fax 22345678
        41234567 ¦¦ contact_phone=41234567
        41234567 ¦¦ customerPhoneNumber=41234567
        41234567 ¦¦ PHONE_NUMBER: 41234567
        41234567 ¦¦ tlf_privat=41234567
        41234567 ¦¦ privatTelefon: 41234567
        kari.nordmann ¦¦ epost: kari.nordmann@example.no.
        kari@ ¦¦ e-post kari@example.no
        KARI@ ¦¦ E-mail: KARI@EXAMPLE.NO
        kari@ ¦¦ user kari@example.no not found
        kari@ ¦¦ smtp rcpt to:<kari@example.no>
        kari@ ¦¦ kari@xn--blbr-0ra.no
        nordmann"@ ¦¦ "kari nordmann"@example.no
        kari@ ¦¦ kari@example.no?subject=x
        kari@ ¦¦ kari@example.museum
        brien@ ¦¦ o'brien@example.no
        kari@ ¦¦ kari@sub.sub2.example.no
        ola@ ¦¦ <kari@example.no>;<ola@example.no>
        ola@ ¦¦ kari@example.no,ola@example.no
        kari& ¦¦ kari&commat;example.no
        k@ ¦¦ k@example.no
        p@ss ¦¦ ftp://u:p@ss@h/
        """#
}
