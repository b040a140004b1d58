/// Keys and tokens of a foreign issuer, made with Python's cryptography package, so that libcrypto is tested against
/// another implementation. The private keys were thrown away.
enum ForeignFixtures {
  static let rsaPEM = """
    -----BEGIN PUBLIC KEY-----
    MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEApteEnq/fbEr3UeTp+jFh
    0xAcEz0f2Zg5t/N6ixWBNJGGi+JCAydkJZKGrpzKYoz7QFqs5mSsv7t3/FFdByuj
    o+Sqq8F/VOXUUxDo71gZjbnX8axEJS9WKxxdfAAaEnWo+CUy8rP3lg5rImwCvH4b
    +YmM/006FaZKg94iZSYSRPkwX71QiqI0/ZK/7/Jj3pnXv6XNQwgRd3XQstHMJ02Q
    N20sPp72dZ5oOXE16YgM3HG/XtauA+zPHnRbU9OhmDN7DftP9B5dfQii5VnU4RW8
    /BtJ7z/dSkUJPqv/LnYzQcM9Br+RYRYWc5QGkMR5G7zXlgvoSSX56tddufQCTzmS
    JQIDAQAB
    -----END PUBLIC KEY-----

    """

  static let rs256 =
    "eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCIsImtpZCI6InIxIn0.eyJpc3MiOiJodHRwczovL2F1dGguZXhhbXBsZSIsImF1ZCI6WyJvdGhl"
    + "ciIsInR1Y2tzaG9wIl0sInN1YiI6IjQyIiwianRpIjoidC0xIiwiaWF0IjoxNzAwMDAwMDAwLCJleHAiOjE3MDAwMDA5MDAsInByZWZlcnJl"
    + "ZF91c2VybmFtZSI6ItCQ0L3RjyJ9.SOke4bpOV996kDxme_2qNTyPUL20tDVhbCqkEu150CJp24CuP3b-FcmS5RVnj4zoxTsL8vv70fZbjcS"
    + "oHg4huKOoOWefNiJ9S8VfV4fa8AmiHjmEwHX2rsauMC6FD3iYRI0UFFSICjifhnQziiEVCIrjSeTGJbU6R4ag17yoqsbCyDhpVPr2sVxryhL"
    + "Ucc10cOiR4ZlOYGPMlhmbLoX-LxS5vnNXbuVFVWYmxV4cpVxw3vwfhLQVjB-B96wZnPAYgR8kZKxAZZ9CfWHLRlh6tZw_5bLJQKCMwjFMzP6"
    + "WUDgwnrYuPWzaXwukMhY2R31X5ntNouIS-GwAZqScsrO8Ng"

  /// The same text, signed with RSA-PSS by the same key.
  static let rs256PSS =
    "eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCIsImtpZCI6InIxIn0.eyJpc3MiOiJodHRwczovL2F1dGguZXhhbXBsZSIsImF1ZCI6WyJvdGhl"
    + "ciIsInR1Y2tzaG9wIl0sInN1YiI6IjQyIiwianRpIjoidC0xIiwiaWF0IjoxNzAwMDAwMDAwLCJleHAiOjE3MDAwMDA5MDAsInByZWZlcnJl"
    + "ZF91c2VybmFtZSI6ItCQ0L3RjyJ9.B6NSh5v2Z84YhokqeM1--tFqsy_kdiGxKYin6y7_05qOWel-YoS-msIwUWDeR7bTBrUcoT7YUhOu1Tq"
    + "AtDWiidhdBnik7KYeAeQCYPX7fMupIp-BU2YsQIjHqnGTmjBCzmpthWVcvd8KZ0x4xbLwhZ7sokqX6LclitDagPTF_kO4KN8d1F0_maKuSlH"
    + "q93EdNlIYai6FdkPdEZDJ03scVUtOGyDUIrhNreG3VIXz_UwB17XRaexTOyi0f-07VawWML8jI8LSYnF7KCaxaNObziwibJMUMfyWavaga6_"
    + "e_MQ8a_QbEvy79foEO3Qo5P9obEwRN6VUoPjneKp7u7lOWA"

  static let rsa1024PEM = """
    -----BEGIN PUBLIC KEY-----
    MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDGop1R2rzLVNCf90LV2y6zEj48
    INc3WIGcav1BH9QfW+t69PI7BvCO2b6aJthXEm1SiF8ebg3a2t0sLhgzorlTNWbx
    Byz8iuOpTYDkWAcpvzOwDTFHbHc2s1+PoaneT/Y9a0ujWM9UarDxYTVZ5u+ir+2B
    eFW2JxbVrOusNiUaXQIDAQAB
    -----END PUBLIC KEY-----

    """

  static let rsa1024Modulus =
    "2oyBMn7fphuYCSTn8gaBJhP1fnATCvtpupMbyV6rPXinjwo6CZdIz0nl6d9ox-BfxCSzcVTrcHRzknSnLDwbnQev90gpfOGbkyncK2bK4yV3"
    + "xCvJIoQoJe56ecTiJDxcpxd8AaTZ-mcJT2T9yzkyt8DDxMoNIY5FEorvC1L5aPk"

  static let ecPEM = """
    -----BEGIN PUBLIC KEY-----
    MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEhTaskOER11l9ix+RFddk3sCMVCEH
    +GetdC+exL4EDZFAF1EgZTIBGqNvTx9ZhSNr1Av976wUTTxZXGj2tttjzA==
    -----END PUBLIC KEY-----

    """

  static let ecX = "hTaskOER11l9ix-RFddk3sCMVCEH-GetdC-exL4EDZE"
  static let ecY = "QBdRIGUyARqjb08fWYUja9QL_e-sFE08WVxo9rbbY8w"

  /// The same key in a certificate.
  static let ecCertificate = """
    -----BEGIN CERTIFICATE-----
    MIIBGjCBwaADAgECAgEHMAoGCCqGSM49BAMCMBcxFTATBgNVBAMMDGF1dGguZXhh
    bXBsZTAeFw0yMzAxMDEwMDAwMDBaFw00MzAxMDEwMDAwMDBaMBcxFTATBgNVBAMM
    DGF1dGguZXhhbXBsZTBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABIU2rJDhEddZ
    fYsfkRXXZN7AjFQhB/hnrXQvnsS+BA2RQBdRIGUyARqjb08fWYUja9QL/e+sFE08
    WVxo9rbbY8wwCgYIKoZIzj0EAwIDSAAwRQIgDRA4oMNW5NE7KpK3QREmdxZfFEVe
    LfNvCdxgN+O7c/cCIQCbIroBqNxOuQiCRmHARAv0E7nMS6Y/BydioHotaCAfjg==
    -----END CERTIFICATE-----

    """

  static let es256 =
    "eyJhbGciOiJFUzI1NiIsInR5cCI6ImF0K2p3dCIsImtpZCI6ImUxIn0.eyJpc3MiOiJodHRwczovL2F1dGguZXhhbXBsZSIsImF1ZCI6WyJv"
    + "dGhlciIsInR1Y2tzaG9wIl0sInN1YiI6IjQyIiwianRpIjoidC0xIiwiaWF0IjoxNzAwMDAwMDAwLCJleHAiOjE3MDAwMDA5MDAsInByZWZl"
    + "cnJlZF91c2VybmFtZSI6ItCQ0L3RjyJ9.hDgkGFymz9uFVfNeLDUMnTSW6MBEtjZonupP2HUWoUwk7-kAMo8HigGxUTWo2dNQzXEyGFTBz5c"
    + "5e4H4dy17Cg"

  /// The same text, with its signature in DER.
  static let es256DER =
    "eyJhbGciOiJFUzI1NiIsInR5cCI6ImF0K2p3dCIsImtpZCI6ImUxIn0.eyJpc3MiOiJodHRwczovL2F1dGguZXhhbXBsZSIsImF1ZCI6WyJv"
    + "dGhlciIsInR1Y2tzaG9wIl0sInN1YiI6IjQyIiwianRpIjoidC0xIiwiaWF0IjoxNzAwMDAwMDAwLCJleHAiOjE3MDAwMDA5MDAsInByZWZl"
    + "cnJlZF91c2VybmFtZSI6ItCQ0L3RjyJ9.MEUCIQCEOCQYXKbP24VV814sNQydNJbowES2Nmie6k_YdRahTAIgJO_pADKPB4oBsVE1qNnTUM1"
    + "xMhhUwc-XOXuB-Hctewo"

  static let p384PEM = """
    -----BEGIN PUBLIC KEY-----
    MHYwEAYHKoZIzj0CAQYFK4EEACIDYgAE3Y+0a3XxEJ34waw6doizBJCSJaB3Mfar
    rieRmUrZrskbCpqpNtGDzschmLptYOj2CTd0jqDtUrehkmAercRc5BNsWWHHNGNl
    4s4nyOhhT2IKbvWQiQo3F8PS05OBKTma
    -----END PUBLIC KEY-----

    """
}
