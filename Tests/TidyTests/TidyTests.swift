import FoundationEssentials
import Support
import Testing

/// Rules for rooms, types and files that the compiler does not check.
@Suite(.tiers(.unit))
struct TidyTests {
  /// The imports that each room may have. SwiftPM would also allow an import that is reached through another room.
  static let arrows: [String: Set<String>] = [
    "CFastCGI": [],
    "CPostgres": [],
    "CCrypto": [],
    "CCurl": [],
    "Outbound": ["CCurl"],
    "Postgres": ["CPostgres"],
    "Migrations": ["Postgres"],
    "Notation": [],
    "HTTP": ["Notation"],
    "FastCGI": ["CFastCGI", "HTTP"],
    "Telemetry": ["Notation"],
    "Tokens": ["CCrypto", "Notation"],
    "Audit": ["Notation", "Postgres"],
    "Identity": ["Audit", "Notation", "Outbound", "Postgres", "Tokens"],
    "Ledger": ["Audit", "Postgres"],
    "Shop": ["Audit", "Ledger", "Postgres"],
    "API": ["Audit", "HTTP", "Identity", "Ledger", "Notation", "Postgres", "Shop", "Telemetry", "Tokens"],
    "tuckshop": [
      "API", "Audit", "FastCGI", "Identity", "Ledger", "Migrations", "Notation", "Outbound", "Postgres", "Shop",
      "Telemetry", "Tokens",
    ],
  ]

  static let system: Set<String> = ["Glibc", "FoundationEssentials", "Swift", "Synchronization"]

  private var bannedNames: Regex<(Substring, Substring)> { #/\w*(Manager|Helper|Utils?|Service|Impl)/# }

  @Test func `a room imports only what its arrows allow`() throws {
    for file in try sources("Sources") {
      let room = String(file.path.split(separator: "/")[1])
      let allowed = try #require(Self.arrows[room], "\(room) has no arrows").union(Self.system)
      for match in file.text.matches(of: /(?m)^(?:@\S+ )?(?:package |internal |private )?import (\w+)/) {
        #expect(allowed.contains(String(match.1)), "\(file.path) imports \(match.1)")
      }
    }
  }

  @Test func `the name of a type says what it is`() throws {
    for file in try sources("Sources") {
      for match in file.text.matches(of: /\b(?:class|struct|enum|protocol|actor|typealias) (\w+)/) {
        #expect(match.1.wholeMatch(of: bannedNames) == nil, "\(file.path): \(match.1)")
      }
    }
  }

  @Test func `nothing is public, and no test uses a back door into a room`() throws {
    let backDoor = "@test" + "able"
    for file in try sources("Sources") + sources("Tests") {
      #expect(file.text.firstMatch(of: #/(?m)^\s*(public|open) /#) == nil, "\(file.path)")
      #expect(!file.text.contains(backDoor), "\(file.path)")
    }
  }

  @Test func `API, HTTP and FastCGI contain no SQL and no transactions`() throws {
    for file in try sources("Sources/API") + sources("Sources/HTTP") + sources("Sources/FastCGI") {
      let found = file.text.firstMatch(of: #/\b(?:SELECT|INSERT|UPDATE|DELETE) |\.transaction\b/#)
      #expect(found == nil, "\(file.path): \(found?.output ?? "")")
    }
  }

  @Test func `every suite belongs to a tier`() throws {
    for file in try sources("Tests") where file.text.contains("@Test") {
      let suites = file.text.matches(of: /(?m)^(?:final )?(?:struct|class) \w+Tests\b/).count
      let inTier = file.text.matches(of: /@Suite\([^\n]*\.tiers\(/).count
      #expect(suites == inTier, "\(file.path) has a suite without a tier")
    }
  }

  @Test func `the page of settings says what the program declares`() throws {
    let page = try read(root + "/docs/settings.md")
    let directory = try TemporaryDirectory()
    let program = try Program("tuckshop", ["help", "settings"], logPath: directory / "log")
    #expect(try program.wait() == 0)
    let declared = program.log
    #expect(declared.hasPrefix("## The worker"))
    #expect(page.contains(declared), "put what `tuckshop help settings` prints into docs/settings.md")
  }

  @Test func `every migration has a down file`() throws {
    let files = try FileManager.default.contentsOfDirectory(atPath: root + "/migrations")
    let ups = Set(files.filter { $0.hasSuffix(".up.sql") }.map { $0.dropLast(7) })
    let downs = Set(files.filter { $0.hasSuffix(".down.sql") }.map { $0.dropLast(9) })
    #expect(!ups.isEmpty)
    #expect(ups == downs)
  }

  /// A second definition replaces the first one for all callers: a script's own `start` once called a library function
  /// that called `start`, and so called itself for ever.
  @Test func `a shell script and its sourced files define each function once`() throws {
    for folder in ["bin", "deploy", "nginx", ".ci"] {
      for name in try FileManager.default.subpathsOfDirectory(atPath: root + "/" + folder) {
        let path = folder + "/" + name
        guard let text = try? read(root + "/" + path), text.hasPrefix("#!"), text.prefix(40).contains("sh\n") else {
          continue
        }
        var definitions: [Substring: String] = [:]
        for file in try sourced(by: path) {
          for match in file.text.matches(of: /(?m)^ *(\w+)\(\) *[{(]/) {
            let before = definitions.updateValue(file.path, forKey: match.1)
            #expect(before == nil, "\(match.1) is defined in \(before ?? "") and in \(file.path), for \(path)")
          }
        }
      }
    }
  }

  @Test func `CI runs every command in bin, and each kind of benchmark`() throws {
    let runs = try read(root + "/.ci/run") + read(root + "/bin/test")
    // The other commands run these two.
    for name in try FileManager.default.contentsOfDirectory(atPath: root + "/bin")
    where !["packages", "pool"].contains(name) {
      guard let text = try? read(root + "/bin/" + name), text.hasPrefix("#!") else { continue }
      let isRun = runs.contains("bin/\(name)")
      #expect(isRun, "CI does not run bin/\(name)")
    }
    for kind in try read(root + "/Bench/Options.swift").matches(of: /(?m)^ +bin\/bench (--[a-z-]+)/) {
      let isRun = runs.contains("bin/bench \(kind.1) ")
      #expect(isRun, "CI does not run bin/bench \(kind.1)")
    }
  }

  /// The file and all files that it sources, according to its shellcheck directives.
  private func sourced(by first: String) throws -> [(path: String, text: String)] {
    var paths = [first]
    var files: [(path: String, text: String)] = []
    while files.count < paths.count {
      let path = paths[files.count]
      let text = try read(root + "/" + path)
      files.append((path, text))
      for match in text.matches(of: /# shellcheck source=(\S+)/) where !paths.contains(String(match.1)) {
        paths.append(String(match.1))
      }
    }
    return files
  }

  private func sources(_ directory: String) throws -> [(path: String, text: String)] {
    let all = try FileManager.default.subpathsOfDirectory(atPath: root + "/" + directory)
    return try all.filter { $0.hasSuffix(".swift") || $0.hasSuffix(".c") }.sorted().map { name in
      (directory + "/" + name, try read(root + "/" + directory + "/" + name))
    }
  }

  private var root: String { projectRoot }
}
