import FoundationEssentials
import Postgres
import Support
import Testing

@Suite(.tiers(.unit))
struct UUIDTests {
  @Test func `an id is read and written as in Foundation`() {
    var random = Seeded(7)
    for _ in 0..<2000 {
      let bytes = (0..<16).map { _ in UInt8.random(in: 0...255, using: &random) }
      let id = bytes.withUnsafeBytes { UUID(uuid: $0.loadUnaligned(as: uuid_t.self)) }
      #expect(id.text == id.uuidString.lowercased())
      #expect(UUID(spelled: id.text) == id)
      #expect(UUID(spelled: id.uuidString) == id)
    }
  }

  @Test(
    arguments: [
      "", "0", "11e30000-0000-8000-8000-00000000001", "11e30000-0000-8000-8000-0000000000011",
      "11e300000000-8000-8000-0000-000000000001", "11e30000-0000-8000-8000-00000000000g",
      "11e30000_0000-8000-8000-000000000001", "{1e30000-0000-8000-8000-00000000000}",
      "11e30000-0000-8000-8000-0000000000é", " 11e3000-0000-8000-8000-000000000001",
      "-1e30000-0000-8000-8000-000000000001",
    ])
  func `an id in another form is refused`(text: String) { #expect(UUID(spelled: text) == nil) }
}
