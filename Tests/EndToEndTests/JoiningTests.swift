import Postgres
import Support
import Testing

/// Joining a shop whose door is not open: the command line, nginx and real pools.
@Suite(.tiers(.e2e, .security, .slow))
struct JoiningTests {
  @Test func `people join by invitation, choose a new password by a link, and use a browser's session`() throws {
    let world = try World(["TUCKSHOP_SIGN_UP": "invited"])
    let methods = try world.ask("/api/v1/auth/methods").body
    #expect(methods == #"{"password":true,"sign_up":"invited","oidc":null}"#)
    let stranger = #"{"username":"anna","password":"a long password"}"#
    #expect(try world.post("/api/auth", stranger).status == 401)
    let person = #""email":"anna@example.org","password":"a long password","full_name":"Anna""#
    #expect(try world.post("/api/v1/auth/register", "{\(person)}").body.contains("sign_up_closed"))

    let admin = try world.adminToken()
    let invitation = try world.post("/api/v1/invitations", #"{"email":"anna@example.org"}"#, token: admin)
    #expect(invitation.status == 201)
    #expect(try text("url", invitation).hasPrefix("http://127.0.0.1:\(world.port)/join#"))
    let token = try text("token", invitation)
    let anna = try world.post("/api/v1/auth/register", "{\(person),\"invitation\":\"\(token)\"}")
    #expect(anna.status == 201, "\(anna.body)")
    let id = try text("id", anna)
    for path in ["invitations", "users/\(id)/identities"] {
      let list = try world.ask("/api/v1/" + path, headers: [("Authorization", "Bearer " + admin)])
      #expect(list.status == 200, "\(list.body)")
    }

    let reset = try world.post("/api/v1/users/\(id)/password-reset", "", token: admin)
    let change = #"{"token":"\#(try text("token", reset))","new_password":"another password"}"#
    #expect(try world.post("/api/v1/auth/password-reset", change).status == 204)

    let opened = try world.post(
      "/api/v1/auth/session", #"{"username":"anna@example.org","password":"another password"}"#)
    #expect(opened.status == 200, "\(opened.body)")
    let renewed = try world.ask(
      "/api/v1/auth/session/refresh", method: "POST", headers: [("Cookie", try cookie(opened))])
    #expect(renewed.status == 200)
    let bearer = ("Authorization", "Bearer " + (try text("access_token", renewed)))
    #expect(try world.ask("/api/v1/auth/sessions", headers: [bearer]).body.contains(#""current":true"#))
    let password = #"{"current_password":"another password","new_password":"a third password"}"#
    let changed = try world.ask("/api/v1/auth/password", method: "PUT", headers: [bearer], body: password)
    #expect(changed.status == 204, "\(changed.body)")
    #expect(try world.ask("/api/v1/auth/me", headers: [bearer]).status == 200)
    let foreign = [("Cookie", try cookie(renewed)), ("Sec-Fetch-Site", "cross-site")]
    #expect(try world.ask("/api/v1/auth/session", method: "DELETE", headers: foreign).status == 403)
    #expect(
      try world.ask("/api/v1/auth/session", method: "DELETE", headers: [("Cookie", try cookie(renewed))]).status == 204)
    for path in ["/", "/join", "/reset"] {
      #expect(try world.ask(path).header("Content-Type")?.hasPrefix("text/html") == true)
    }
  }

  @Test func `a shop that others reach must say how people join`() throws {
    let failure = #expect(throws: Failure.self) { try World(["TUCKSHOP_LISTEN": "0.0.0.0"]) }
    #expect(failure?.description.contains("set TUCKSHOP_SIGN_UP") == true)
    let world = try World(["TUCKSHOP_LISTEN": "0.0.0.0", "TUCKSHOP_SIGN_UP": "closed"])
    #expect(try world.ask("/api/v1/auth/methods").body.contains(#""sign_up":"closed""#))
  }

  private func cookie(_ answer: HTTPAnswer) throws -> String {
    String(try #require(answer.header("Set-Cookie")).prefix { $0 != ";" })
  }

  private func text(_ name: String, _ answer: HTTPAnswer) throws -> String {
    try #require(answer.member(name), "\(answer.body)")
  }
}

/// `tuckshop user` for joining and identities.
@Suite(.tiers(.e2e, .database))
struct JoiningCommandTests {
  @Test func `the command line invites, makes a link to a new password, links and unlinks`() throws {
    try withDesk { desk in
      var desk = desk
      desk.settings = ["TUCKSHOP_PUBLIC_URL": "https://shop.example"]
      #expect(try desk.run("user", "add", "anna").status == 0)
      let invited = try desk.run("user", "invite", "--email", "b@example.org", "--role", "admin", "--days", "2")
      #expect(invited.log.hasPrefix("https://shop.example/join#") && invited.log.contains("for one admin, until 2"))
      #expect(try desk.run("user", "reset-link", "anna").log.hasPrefix("https://shop.example/reset#"))
      #expect(try desk.run("user", "link", "anna", "https://idp.example", "17").log == "anna has identity 1\n")
      let list = try desk.run("user", "identities", "anna").log
      #expect(list.hasPrefix("1,https://idp.example,17,2"))
      #expect(try desk.run("user", "link", "anna", "https://idp.example", "17").status == 1)
      #expect(try desk.run("user", "unlink", "anna", "1").status == 0)
      #expect(try desk.run("user", "unlink", "anna", "1").log.contains("no such identity"))
      #expect(try desk.count("audit WHERE actor = 'command line'") == 5)
      for words in [["invite", "--days", "0"], ["link", "anna"], ["unlink", "anna", "x"], ["reset-link"]] {
        #expect(
          try desk.run("user", words[0], words.count > 1 ? words[1] : "--x", words.count > 2 ? words[2] : "").status
            != 0)
      }
      desk.settings["TUCKSHOP_SIGN_UP"] = "closed"
      #expect(try desk.run("user", "invite").log.contains("nobody may register here"))
    }
  }

  @Test func `a shop that found people by name gets proposals, and an admin confirms them together`() throws {
    try withDesk { desk in
      for name in ["anna", "boris", "clara"] { #expect(try desk.run("user", "add", name).status == 0) }
      let password = try desk.file("password", "a long password")
      #expect(
        try desk.run("user", "add", "squatter", "--email", "d@example.org", "--password-file", password).status == 0)
      #expect(try desk.run("user", "link", "clara", "telegram", "5").status == 0)
      let byName = try desk.run("user", "identities", "--propose", "trusted-header").log
      #expect(byName == "username,issuer,subject,remark\nanna,trusted-header,anna,\nboris,trusted-header,boris,\n")
      let people = try desk.file("people.csv", "subject,username,email\n1,anna,\n2,unknown,D@example.org\n3,nobody,\n")
      let listed = try desk.run("user", "identities", "--propose", "https://idp.example", "--subjects", people).log
      #expect(
        listed == """
          username,issuer,subject,remark
          anna,https://idp.example,1,
          squatter,https://idp.example,2,has a password: ask the person first

          """)
      let wrong = try desk.file("wrong.csv", byName + "nobody,trusted-header,nobody,\n")
      let refused = try desk.run("user", "link", "--from", wrong)
      #expect(refused.status == 1 && refused.log.contains("line 4: there is no user of that name; nothing was changed"))
      #expect(try desk.count("identities") == 1)
      #expect(try desk.run("user", "link", "--from", desk.file("right.csv", byName)).log == "2 linked\n")
      #expect(try desk.count("identities WHERE issuer = 'trusted-header'") == 2)
      #expect(
        try desk.run("user", "identities", "--propose", "trusted-header").log == "username,issuer,subject,remark\n")
      #expect(try desk.count("audit WHERE action = 'user.link'") == 3)
    }
  }
}
