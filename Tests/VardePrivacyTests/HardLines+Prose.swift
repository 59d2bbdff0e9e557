extension HardLines {
    /// What only words, statements and options say.
    static let prose = #"""
        hunter2Xyz ¦¦ password is hunter2Xyz
        hunter2Xyz ¦¦ passord er hunter2Xyz
        hunter2Xyz ¦¦ the password was set to hunter2Xyz for all
        hunter2Xyz ¦¦ password hunter2Xyz refused
        hunter2Xyz ¦¦ Passphrase hunter2Xyz, again
        482915 ¦¦ password is 482915
        hunterxyz ¦¦ ALTER USER app PASSWORD 'hunterxyz'
        hunterxyz ¦¦ CREATE USER 'app'@'%' IDENTIFIED BY 'hunterxyz'
        hunterxyz ¦¦ ALTER USER app IDENTIFIED WITH caching_sha2_password BY 'hunterxyz'
        hunter2xyz ¦¦ COMMAND=/usr/bin/mysql -uroot -phunter2xyz kunde
        hunter2xyz ¦¦ mariadb-dump -u root -p'hunter2xyz' kunde
        hunter2xyz ¦¦ sshpass -p hunter2xyz ssh host
        hunter2xyz ¦¦ --API-KEY hunter2xyz
        abcdef123456 ¦¦ Cookie: sid=abcdef123456; theme=dark
        abcdef123456 ¦¦ {"cookie":"theme=dark; sid=abcdef123456"}
        Nordmann ¦ kari@example.no ¦¦ From: "Kari Nordmann" <kari@example.no>
        Nordmann ¦ kari@example.no ¦¦ sent by Kari Nordmann <kari@example.no> today
        kari nordmann ¦¦ {"name":"kari nordmann","email":"kari@example.no"}
        kari nordmann ¦¦ {"phone":"91234567","name":"kari nordmann"}
        BJA 799 ¦¦ bil BJA 799 passerte
        BJA799 ¦¦ kjennemerke BJA799
        BJA-799 ¦¦ rekisterinumero BJA-799
        BJA 79C ¦¦ registreringsnummer BJA 79C ok
        knordmann ¦¦ bruker knordmann er ikke aktiv
        knordmann ¦¦ user knordmann does not exist
        knordmann ¦ 89.160.20.112 ¦¦ imap-login: Login: user=<knordmann>, method=PLAIN, rip=89.160.20.112
        59.9139 ¦ 10.7522 ¦¦ moved to lat 59.9139 lon 10.7522 now
        k@example.no ¦¦ mailto:k@example.no?subject=x
        02013299997 ¦¦ line #03302013299997 here
        Nordmann ¦¦ fornafn=Nordmann
        13527248013 ¦¦ personId=13527248013
        2a01:799:1b2:c300::7c8d ¦¦ client 2a01:799:1b2:c300::7c8d gone
        64:ff9b::84.212.13.77 ¦¦ client 64:ff9b::84.212.13.77 gone
        01/09/1997 ¦¦ pasienten, født 01/09/1997, er innlagt
        01.09.1997 ¦¦ Kvinne født 01.09.1997 i Bergen
        1997-09-01 ¦¦ patient born 1997-09-01 admitted
        Nordmann ¦ kari@example.no ¦¦ INSERT INTO person (id, navn, epost) VALUES (7, 'Kari Nordmann', 'kari@example.no')
        Nordmann ¦ Hansen ¦¦ insert into `person` (`id`,`etternavn`) values (7,'Nordmann'),(8,'Hansen')
        Nordmann ¦ Hunter ¦¦ INSERT INTO k (user_id, full_name, password) VALUES (42, 'Ola Nordmann', 'Hunter') RETURNING id
        Nordmann ¦¦ bind cn=Ola Nordmann,ou=people,dc=example,dc=no failed
        1234 ¦¦ entered pin: 1234 twice
        tiger7 ¦ scott ¦¦ url jdbc:oracle:thin:scott/tiger7@//db.example.no:1521/x
        tiger7 ¦¦ jdbc:oracle:thin:scott/tiger7@db:1521:x
        59.9139 ¦ 10.7522 ¦¦ moved to N59.9139 E10.7522 now
        """#
}
