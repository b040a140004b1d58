import API
import HTTP
import Support
import Testing

/// openapi.yaml describes exactly the routes that exist.
@Suite(.tiers(.unit))
struct OpenAPITests {
  @Test func `every route is described, and every described path is a route`() throws {
    let described = try described()
    let declared = Set(
      Planner(routes(), bodyLimitBytes: 0).router.routes.map { "\($0.method.rawValue) \($0.template)" })
    #expect(declared.subtracting(described).sorted() == [])
    #expect(described.subtracting(declared).sorted() == [])
  }

  @Test func `the description has the program's version`() throws {
    #expect(try text().contains("\n  version: \(API.version)\n"))
  }

  /// Paths are indented by two spaces and methods by four, which `bin/lint` checks.
  private func described() throws -> Set<String> {
    let text = try text()
    let start = try #require(text.firstRange(of: "\npaths:\n"))
    let end = try #require(text.firstRange(of: "\ncomponents:\n"))
    var path = ""
    var found: Set<String> = []
    for line in text[start.upperBound..<end.lowerBound].split(separator: "\n") {
      if let match = line.wholeMatch(of: #/  (/\S*):/#) { path = String(match.1) }
      if let match = line.wholeMatch(of: #/    (get|put|post|patch|delete|head|options|trace):/#) {
        let isNew = found.insert("\(match.1.uppercased()) \(path)").inserted
        #expect(isNew, "\(match.1) of \(path) is described twice")
      }
    }
    return found
  }

  private func text() throws -> String {
    try read(projectRoot + "/nginx/html/openapi.yaml")
  }
}
