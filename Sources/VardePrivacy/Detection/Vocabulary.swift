internal import VardeKernels

/// What a key's value is, or what a word near a number says about it.
package enum KeyMeaning: Sendable, Hashable {
    /// Value of the type, whatever it looks like.
    case secret
    /// Proof of a password in a Digest exchange: a sum of 32 or 64 hexadecimal digits, beside a nonce.
    case digestProof
    /// As `secret`, but only behind `=` or in quotes: words that are common in sentences.
    case weakSecret
    case fnr, weakFnr, account, phone, personnummer, cpr, kennitala, hetu, kid, licence, passport, plate, duf, birthDate, latitude,
        longitude
    case email, address, name, weakName, user
    /// Number of a version: not an address.
    case version
    /// Says of a number in three dotted groups that it is a MAC address.
    case mac
    /// Says nothing by itself: `nr`, `number`, `value`.
    case generic

    var isSecret: Bool { self == .secret || self == .weakSecret }

    /// Whether a key of this meaning says nothing of its value: it is of use only to judges of numbers near it.
    var saysNothingOfValue: Bool { self == .version || self == .generic || self == .mac }
}

extension KeyMeaning {
    /// What an operator may say the values of a key are, by the words of configuration.
    package static let configurable: [String: KeyMeaning] = [
        "secret": .secret, "fnr": .fnr, "account": .account, "phone": .phone, "se_pnr": .personnummer, "dk_cpr": .cpr,
        "is_kt": .kennitala, "fi_hetu": .hetu, "kid": .kid, "licence": .licence, "passport": .passport, "plate": .plate, "duf": .duf,
        "birth_date": .birthDate, "email": .email, "address": .address, "name": .name, "user": .user,
    ]
}

/// The words the redactor knows, in Norwegian, Swedish, Danish, Finnish and English, with those of the operator.
struct Vocabulary: Sendable {
    private(set) var words = WordTable<KeyMeaning>()
    private(set) var filter = KeyFilter()
    /// Names of accounts that are nobody's.
    let roleAccounts: WordSet

    /// Role accounts kept as they are under keys of user names.
    private static let roleAccounts: [String] = [
        "root", "admin", "administrator", "app", "system", "daemon", "nobody", "anonymous", "anonym", "guest", "gjest", "www-data", "nginx",
        "apache", "postgres", "mysql", "redis", "kafka", "elastic", "service", "backup", "git", "test", "unknown", "ukjent", "null", "nil",
        "none",
        "undefined", "true", "false", "default", "local", "ubuntu", "debian", "ec2-user", "varde", "prometheus", "grafana", "cron", "nats",
        "rabbitmq", "jenkins", "monitoring", "bot", "api", "worker", "scheduler", "internal", "na", "n/a", "-", "sa", "oracle", "tomcat",
        "web", "user", "bruker", "kunde", "http", "public", "readonly", "reader", "writer", "operator", "support", "sshd", "proxy", "mail",
    ]

    init(extra: [(word: String, meaning: KeyMeaning)] = [], extraRoleAccounts: [String] = []) {
        for (meaning, text) in Self.lists {
            for word in text.split(separator: " ") { words.insert(String(word), meaning) }
        }
        for (ofSecrets, kinds) in [(Self.passwords, Self.kindsOfPasswords), (Self.tokens, Self.kindsOfTokens)] {
            for word in ofSecrets { for kind in kinds { words.insert(word + kind, .secret) } }
        }
        for (word, meaning) in extra { words.insert(word, meaning) }
        words.add(to: &filter) { !$0.saysNothingOfValue }
        roleAccounts = WordSet(Self.roleAccounts + extraRoleAccounts)
    }

    /// Words that stay secrets' with one of the others behind them.
    private static let passwords = ["password", "passord", "passwd", "lösenord", "adgangskode", "salasana"]
    private static let kindsOfPasswords = [
        "hash", "hashed", "new", "old", "nytt", "gammelt",
        "confirm", "confirmation", "again", "repeat", "verify", "gjenta", "bekreft", "value",
        "verdi", "string", "text", "plain", "enc", "encrypted", "base64", "db",
    ]
    private static let tokens = ["secret", "token", "apikey", "credentials"]
    private static let kindsOfTokens = ["hash", "value", "verdi", "string", "json"]

    private static let lists: [(KeyMeaning, String)] = [
        (
            .secret,
            "password passord passwd pwd passphrase passwort lösenord losenord adgangskode kodeord salasana passcode pinkode pincode cvv cvc cvc2 "
                + "secret hemmelighet token apikey authtoken accesstoken refreshtoken idtoken secretkey accesskey privatekey signingkey "
                + "encryptionkey clientsecret authorization credential credentials sessionid sessid jsessionid phpsessid session sesjon "
                + "sesjonsid cookie setcookie engangskode otp xsrf csrftoken connectionstring dsnpassword bearer jwt apisecret masterkey "
                + "storagekey accountkey sharedkey webhooksecret userpw dbpw pw sharedaccesskey saspolicykey sastoken totp userpassword cnonce rspauth "
                + "sshkey rsakey hmackey aeskey sessionkey subscriptionkey functionskey psk presharedkey secretkeybase connstr csrf passfrase "
                + "userpass dbpass smtppass storepass keypass passordet passordene lösen lösenordet losenordet hemlighet hemligheten "
                + "salasanat tunnusluku pinkoodi pääsykoodi paasykoodi tilgangskode tilgangstoken tilgangsnøkkel tilgangsnokkel "
                + "adgangstoken adgangsnøgle adgangsnogle åtkomsttoken åtkomstnyckel krypteringsnøkkel krypteringsnokkel krypteringsnøgle "
                + "krypteringsnyckel apinøkkel apinokkel apinøgle apinyckel apiavain salausavain sikkerhetskode säkerhetskod sakerhetskod "
                + "sikkerhedskode turvakoodi engangspassord engangskoder engångskod engångslösenord kertakäyttökoodi mfacode 2facode "
                + "verificationcode recoverycode backupcode securitycode cardsecuritycode adgangskoden accesstokens apikeys passwords passord2"
        ),
        (.digestProof, "response"),
        (.weakSecret, "pass pin sid sig signature auth_key authkey nøkkel nokkel nøgle nyckel avain hemmelig hemlig"),
        (
            .fnr,
            "fnr fødselsnr fodselsnr foedselsnr fødselsnummer fodselsnummer foedselsnummer personnummer personnr ssn nationalid nationalidentity "
                + "nationalidentitynumber dnummer dnr personident personid personidentifikator fødselsnummeret fodselsnummeret fødselsogpersonnummer "
                + "norwegianid nin socialsecuritynumber socialsecurity nationalidnumber folkeregisterident folkeregisteridentifikator brukerfnr søkerfnr hnummer fhnummer personidentnummer "
                + "personnummeret personnumret dnummeret fnrs fnrliste fødselsnumre fodselsnumre fødselsnumrene personidenter personnumre ssns"
        ),
        (
            .weakFnr,
            "pnr ident brukerid pid søker soker pasient søkerident pasientid identnr identitetsnummer aktørid aktorid bruker_id patient patientid "
                + "sokerid søkerid innbygger identer subjectid subject sub identifikator identifier fødsels fodsels pasienten søkeren sokeren identen innbyggeren"
        ),
        (
            .account,
            "konto kontonr kontonummer account accountno accountnr accountnumber bankaccount bankkonto kontonummeret bankkontonummer tilkonto "
                + "frakonto debetkonto kreditkonto utbetalingskonto lønnskonto lonnskonto bban tilinumero tilinro kontoen belastkonto account_number acct kto ktonr kontoer"
        ),
        (
            .phone,
            "tlf telefon telefonnr telefonnummer phone phonenumber phoneno mobil mobilnr mobilnummer mobile mobilephone mobileno mobilenumber mob "
                + "tel telephone msisdn puhelin puhelinnumero matkapuhelin gsm cell cellphone sms faks fax telefax mobiltelefon mobiltlf tlfnr "
                + "telno telnr kontakttelefon telefonen mobilen telefoner phones tlfnummer puh puhnro ring ringte oppringt anropt whatsapp "
                + "telefonnumre mobiltelefonnummer matkapuhelinnumero telefonnummeret mobilnummeret callerid mobiilinumero tlfmobil tlfprivat tlfarbeid tlfjobb mobilprivat phonehome phonework phoneprivate puhelinnumerot"
        ),
        (.personnummer, "personnummerse svensktpersonnummer samordningsnummer samordningsnr svensktid"),
        (.cpr, "cpr cprnr cprnummer cprno cpr_number"),
        (.kennitala, "kennitala kennitölu kt kennitalan kennitölunúmer ktnr"),
        (.hetu, "hetu henkilötunnus henkilotunnus henkilötunnukset sotu"),
        (.kid, "kid kidnr kidnummer kid_nummer"),
        (
            .licence,
            "driverslicensenumber drivinglicenceno førerkort forerkort førerkortnr førerkortnummer forerkortnummer forerkortnr førerkortet driverslicence driverslicense drivinglicence "
                + "drivinglicense drivinglicencenumber licencenumber licensenumber körkort korkort körkortsnummer kørekort korekort "
                + "kørekortnummer ajokortti ajokorttinumero körkortsnr driverlicense driverlicence sertifikat driverlicensenumber driverlicencenumber driverslicencenumber "
                + "drivinglicensenumber driverlicenseno"
        ),
        (
            .passport,
            "pass_nr passnr passnummer passport passportno passportnr passportnumber passinumero pasnummer pasnr passi passet passinnumero passportid reisepass "
                + "reisedokument traveldocument"
        ),
        (
            .plate,
            "bil regnr registreringsnummer kjennemerke kjennetegn bilskilt skilt skiltnr skiltnummer kjøretøy kjoretoy licenseplate licenceplate plate numberplate "
                + "registrationnumber nummerplade nummerskilt bilnr bilnummer registreringsnr regnummer vehicle rekisterinumero vehicleregistration "
                + "carplate platenumber plateno car kjøretøyet bilen registreringsskylt regnro"
        ),
        (.duf, "duf dufnr dufnummer duf_nummer"),
        (
            .birthDate,
            "fødselsdato fodselsdato foedselsdato fødtdato fodtdato født fodt birthdate birthday dateofbirth dob fødselsdag fodselsdag "
                + "födelsedatum fodelsedatum fødselsdatoen syntymäaika syntymaaika birth_day birthdt fdato"
        ),
        (.latitude, "lat latitude breddegrad breddgrad gpslat geolat"),
        (.longitude, "lon lng long longitude lengdegrad längdgrad gpslon geolon gpslng"),
        (
            .email,
            "email epost epostadresse emailaddress mail mailto epostadress sähköposti sahkoposti sähköpostiosoite sahkopostiosoite emailadresse mailadresse recipientemail useremail"
        ),
        (
            .address,
            "adresse adresser address adr gate gateadresse gatenavn postadresse bostedsadresse bostad streetaddress street adress "
                + "postaladdress homeaddress hjemmeadresse gatuadress osoite katuosoite vej vejnavn vei veiadresse addressline addressline1 "
                + "addressline2 adresselinje adresselinje1 adresselinje2 leveringsadresse fakturaadresse folkeregisteradresse kontaktadresse "
                + "besøksadresse besoksadresse billingaddress shippingaddress deliveryaddress bosted katu lähiosoite hemadress bostadsadress postadress leveransadress fakturaadress hjemadresse bopælsadresse bopæl postiosoite "
                + "kotiosoite"
        ),
        (
            .name,
            "navn fornavn etternavn mellomnavn firstname lastname fullname surname givenname familyname middlename forename fornamn efternamn "
                + "förnamn namn etunimi sukunimi nimi fuldenavn fultnavn fullstendignavn kundenavn pasientnavn customername efternavn mellemnavn mellannamn kundnamn tilltalsnamn nafn fornafn eftirnafn millinafn asiakkaannimi henkilönimi fornavne etternavne navnene displayname "
                + "personnavn kontaktperson cardholder cardholdername kortholder innehaver maidenname nickname patientname username_full "
                + "kontaktnavn søkernavn sokernavn brukersnavn ansattnavn employeename contactname ownername eiernavn accountholder "
                + "kontohaver mottakernavn avsendernavn recipientname sendername personname membername clientname visningsnavn kallenavn"
        ),
        (.weakName, "name cn"),
        (
            .user,
            "user username bruker brukernavn login loginname userid_name användare anvandare användarnamn anvandarnamn brugernavn bruger "
                + "käyttäjä kayttaja käyttäjätunnus kayttajatunnus usr uname saksbehandler innloggetbruker remoteuser principal upn "
                + "samaccountname loggedinuser preferredusername navident ruser logname käyttäjänimi kayttajanimi"
        ),
        (
            .version,
            "version versjon versionen ver chrome chromium firefox edge fw firmware build release utgave sw programvare versio oid "
                + "openssl sdk jdk jre jar driver tag"
        ),
        (
            .mac,
            "mac macaddress macaddr macadresse hwaddr hwaddress bssid ether lladdr ethernet station stationid callingstationid enhet device"
        ),
        (.generic, "nr no nummer number value verdi numero num is er om på til for med has have har the"),
    ]
}
