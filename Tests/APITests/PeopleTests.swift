import API
import HTTP
import Identity
import Notation
import Postgres
import Support
import Testing

@Suite(.tiers(.api, .database))
struct PeopleTests {
  @Test func `a colleague is found by the beginning of a name, and only names are shown`() throws {
    try withShop { shop in
      try shop.person("boris@example.org", email: "secret@example.org", fullName: "Boris Берг")
      try shop.person("bruno")
      let answer = shop.ask(.get, "/api/v1/people?q=%D0%91%D0%B5", as: try shop.bearer(.user))
      #expect(answer.status == 200)
      #expect(answer.members == ["items": [["username": "boris@example.org", "full_name": "Boris Берг"]]])
      #expect(answer.header("Cache-Control") == "private, max-age=30")
      let two = shop.ask(.get, "/api/v1/people?q=b", as: try shop.bearer(.service))
      #expect(
        two.members["items"] == [["username": "boris@example.org", "full_name": "Boris Берг"], ["username": "bruno"]])
      // The address of the email is no name.
      #expect(try shop.ask(.get, "/api/v1/people?q=secret", as: shop.bearer(.admin)).members == ["items": []])
    }
  }

  @Test func `q is required, has at most 255 bytes, and may find nobody`() throws {
    try withShop { shop in
      let token = try shop.bearer(.user)
      func ask(_ query: String) -> Answer { shop.ask(.get, "/api/v1/people" + query, as: token) }
      #expect(ask("").status == 422 && ask("").complaint == ["query", "q", "missing"])
      for query in ["?q=", "?q", "?q=%20", "?q=%25", "?q=" + String(repeating: "x", count: 255)] {
        #expect(ask(query).status == 200 && ask(query).members == ["items": []], "\(query)")
      }
      // Bytes are counted before they are composed, because composing takes long.
      for query in [String(repeating: "x", count: 256), "e" + String(repeating: "%CC%81", count: 128), "%00", "%FF"] {
        #expect(ask("?q=" + query).complaint.prefix(2) == ["query", "q"], "\(query)")
      }
      #expect(ask("?q=e" + String(repeating: "%CC%81", count: 127)).status == 200)
    }
  }

  @Test(.tiers(.security)) func `only a signed-in user may search`() throws {
    try withShop { shop throws in
      #expect(shop.ask(.get, "/api/v1/people?q=a").status == 401)
      #expect(try shop.ask(.post, "/api/v1/people?q=a", as: shop.bearer(.admin)).status == 405)
    }
  }
}
