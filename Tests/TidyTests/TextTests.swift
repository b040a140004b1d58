import FoundationEssentials
import Support
import Testing

/// Rules for the text of all files: sizes, comments and words.
@Suite(.tiers(.unit))
struct TextTests {
  private struct File {
    let path: String
    let text: String

    var lineCount: Int { text.utf8.count(where: { $0 == UInt8(ascii: "\n") }) }
    var isShell: Bool {
      text.hasPrefix("# shellcheck shell") || text.hasPrefix("#!") && text.prefix { $0 != "\n" }.hasSuffix("sh")
    }

    /// A pattern for the beginning of a comment; nil if the file has none.
    var comment: String? {
      let name = path.split(separator: "/").last.map(String.init) ?? path
      return switch name.split(separator: ".").last.map(String.init) {
      case "swift", "c", "h", "js": #"//+|/\*+"#
      case "sql": "--"
      case "html": "<!--"
      case "py": "#+|\"\"\""
      case "conf", "yaml", "yml", "service", "socket", "target", "sysusers", "tmpfiles", "logrotate": "#+"
      default: isShell || name == "Dockerfile" ? "#+" : nil
      }
    }
  }

  private static let folders = [".ci", "Bench", "Sources", "Tests", "bin", "deploy", "migrations", "nginx"]

  @Test func `no file is longer than a reader can follow`() throws {
    for file in try files() where file.comment != nil && !file.path.hasSuffix(".yaml") {
      #expect(file.lineCount <= 400, "\(file.path) has \(file.lineCount) lines")
    }
    let readme = try read(projectRoot + "/README.md").split(separator: "\n", omittingEmptySubsequences: false)
    #expect(readme.count <= 150)
  }

  @Test func `shell only starts processes, so there is little of it`() throws {
    let scripts = try files().filter { $0.isShell && ["bin/", "deploy/"].contains(where: $0.path.hasPrefix) }
    let lineCount = scripts.map(\.lineCount).reduce(0, +)
    #expect(scripts.count > 10)
    #expect(lineCount <= 1300)
  }

  /// A sentence with such a beginning reads like a translation, because its subject comes late.
  @Test func `a comment begins with its subject`() throws {
    for file in try files() {
      guard let comment = file.comment else { continue }
      let opening = try Regex("(?m)(?:\(comment)) *(?:Who|Whoever|Whom|Whose|What|Whatever)\\b[^?\n]*$")
      for match in file.text.matches(of: opening) {
        Issue.record("\(file.path): \(file.text[match.range])")
      }
    }
  }

  @Test func `the name of a test begins with its subject`() throws {
    for file in try files() where file.path.hasPrefix("Tests/") {
      for match in file.text.matches(of: /func `(?:who|whoever|whom|whose|what|whatever)\b[^`]*`/) {
        Issue.record("\(file.path): \(match.0)")
      }
    }
  }

  @Test func `no file has an unfinished mark`() throws {
    for file in try files() {
      let isFinished = file.text.firstMatch(of: /\b(?:T[O]DO|FIX[M]E|X[X]X|HA[C]K)\b/) == nil
      #expect(isFinished, "\(file.path)")
    }
  }

  private func files() throws -> [File] {
    var paths = ["Dockerfile", "Package.swift", "compose.yaml"]
    for folder in Self.folders {
      let names = try FileManager.default.subpathsOfDirectory(atPath: projectRoot + "/" + folder)
      paths += names.filter { !$0.contains("corpus/") && !$0.contains("__pycache__") }.sorted().map {
        folder + "/" + $0
      }
    }
    return paths.compactMap { path in (try? read(projectRoot + "/" + path)).map { File(path: path, text: $0) } }
  }
}
