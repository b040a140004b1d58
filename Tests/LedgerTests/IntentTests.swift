import FoundationEssentials
import Ledger
import Postgres
import Support
import Testing

@Suite(.tiers(.unit))
struct IntentTests {
  @Test func `an operation's id leaves room for the ids of its postings`() throws {
    let id = try #require(UUID(uuidString: "01a1fc28-6d62-7766-9e96-d4ea2a250347"))
    let intent = Intent(id: id, owner: id, key: nil, requestID: nil)
    #expect(intent.id.text == "01a1fc28-6d62-7766-9e96-d4ea2a250000")
    #expect(intent.id.posting(258).text == "01a1fc28-6d62-7766-9e96-d4ea2a250102")
  }
}
