extension HardLines {
    /// Control characters, blanks and names as daemons and programs write them.
    static let written = #"""
        02013299997 ¦¦ web app: #033[32m02013299997#033[0m ok
        kari.n ¦¦ web app: #033[32m#033[1mkari.n@example.no#033[0m login
        30108299920 ¦¦ web app: #033[36m#033[1mfnr#033[0m=#033[32m30108299920#033[0m
        hunter2Xyz ¦¦ #033[36mpassword#033[0m=#033[32mhunter2Xyz#033[0m
        kari ¦¦ #033[36muser#033[0m=kari #033[36mpassword#033[0m=x
        02013299997 ¦¦ nginx#011user#01102013299997
        02013299997 ¦ kari.n ¦ 4111111111111111 ¦¦ #011fnr=02013299997#011kari.n@example.no#0114111111111111111
        30108299920 ¦¦ app[1]: line1#012fnr 30108299920#012line3
        30108299920 ¦¦ app[1]: line1#01230108299920#015#012
        02013299997 ¦¦ \033[32m02013299997\033[0m
        02013299997 ¦¦ \33[32m02013299997\33[0m
        hunter2Xyz ¦¦ \033[36mpassword\033[0m=hunter2Xyz
        02013299997 ¦¦ \e[32m02013299997\e[0m
        02013299997 ¦¦ ^[[31m02013299997^[[0m
        hunter2Xyz ¦¦ ^[[36mpassword^[[0m=^[[32mhunter2Xyz^[[0m
        02013299997 ¦¦ &#27;[32m02013299997&#27;[0m
        4791234567 ¦¦ #033[1;31m+4791234567#033[0m
        99997 ¦¦ fnr 020132&nbsp;99997 x
        99997 ¦¦ fnr 020132&#160;99997 x
        99997 ¦¦ fnr '020132\xa099997'
        34\xa0567 ¦¦ tlf +47\xa0912\xa034\xa0567
        99997 ¦¦ fnr 020132−99997
        KARI ¦ NORDMANN ¦¦ {"name":"KARI NORDMANN"}
        KARI ¦ NORDMANN ¦¦ <name>KARI NORDMANN</name>
        KARI ¦ NORDMANN ¦¦ GET /x?name=KARI%20NORDMANN&x=1
        KARI ¦ NORDMANN ¦¦ GET /x?name=KARI+NORDMANN&x=1
        KARI ¦ NORDMANN ¦¦ name="KARI NORDMANN" ok
        Nordmann ¦¦ got &{Name:Kari Nordmann Age:3}
        Kari ¦¦ saved {Name:Kari Age:3}
        Kari ¦ Nordmann ¦¦ saved {FirstName:Kari LastName:Nordmann}
        Kari ¦ Ola ¦¦ users: [{Name:Kari Nordmann Age:3} {Name:Ola Hansen Age:4}]
        13527248013 ¦¦ personnummeret 13527248013
        13527248013 ¦¦ personnumret 13527248013
        13527248013 ¦¦ pasienten 13527248013
        13527248013 ¦¦ søkeren 13527248013
        13527248013 ¦¦ identen 13527248013
        68467038838 ¦¦ D-nummeret 68467038838
        AB123456 ¦¦ drivers_license=AB123456
        AB123456 ¦¦ driver_licence=AB123456 driving_licence=AB123456
        AB123456 ¦¦ {"driverLicenseNumber":"AB123456"}
        EK12345 ¦¦ {"plateNumber":"EK12345"}
        123456 78 ¦¦ DUF-nummer 2010 123456 78
        12345678 ¦¦ DUF 2010 12345678
        kari ¦¦ Login: user=<kari>, method=PLAIN
        """#
}
