// Knows migrations: files of SQL, and which of them a database has seen.
// Refuses to know what they create.

internal import FoundationEssentials

/// One step of the schema: `0007_reservations.up.sql`, and the file that takes it back.
package struct Migration: Sendable, Equatable {
  package let version: Int
  package let name: String
  package let up: SQLFile
  package let down: SQLFile

  package var title: String { "\(Self.padded(version))_\(name)" }

  static func padded(_ version: Int) -> String {
    let digits = String(version)
    return String(repeating: "0", count: max(0, 4 - digits.count)) + digits
  }

  /// All migrations of a directory in order. Gaps, duplicates and files without their pair are refused.
  package static func all(in directory: String) throws -> [Migration] {
    let names: [String]
    do {
      names = try FileManager.default.contentsOfDirectory(atPath: directory).filter { $0.hasSuffix(".sql") }
    } catch {
      throw MigrationError("\(directory): this directory of migrations cannot be read; set TUCKSHOP_MIGRATIONS")
    }
    var files: [Int: (name: String, up: SQLFile?, down: SQLFile?)] = [:]
    for file in names.sorted() {
      guard let match = file.wholeMatch(of: /([0-9]{4})_([a-z0-9_]+)\.(up|down)\.sql/), let version = Int(match.1)
      else {
        throw MigrationError("\(file): a migration is called NNNN_name.up.sql or NNNN_name.down.sql")
      }
      var entry = files[version] ?? (String(match.2), nil, nil)
      guard entry.name == match.2 else {
        throw MigrationError("\(file): number \(match.1) is already taken by \(match.1)_\(entry.name)")
      }
      let content = try SQLFile(path: directory + "/" + file, name: file)
      if match.3 == "up" { entry.up = content } else { entry.down = content }
      files[version] = entry
    }
    return try files.sorted { $0.key < $1.key }.enumerated().map { index, file in
      let title = "\(padded(file.key))_\(file.value.name)"
      guard file.key == index + 1 else {
        throw MigrationError("\(title): number \(padded(index + 1)) is missing before it")
      }
      guard let up = file.value.up else { throw MigrationError("\(title).up.sql is missing") }
      guard let down = file.value.down else { throw MigrationError("\(title).down.sql is missing") }
      return Migration(version: file.key, name: file.value.name, up: up, down: down)
    }
  }

  /// Makes an empty pair with the next number; the names of the two files.
  package static func create(_ name: String, in directory: String) throws -> [String] {
    guard name.wholeMatch(of: /[a-z0-9_]+/) != nil else {
      throw MigrationError("\(name): a migration's name has small letters, digits and underscores only")
    }
    let next = padded(try all(in: directory).count + 1)
    return try ["up", "down"].map { direction in
      let file = "\(next)_\(name).\(direction).sql"
      let text = direction == "up" ? "-- The change, and the reason.\n" : "-- Takes back all that the up file did.\n"
      try Data(text.utf8).write(to: URL(filePath: directory + "/" + file), options: .withoutOverwriting)
      return file
    }
  }
}

package struct SQLFile: Sendable, Equatable {
  package let name: String
  package let text: String

  init(path: String, name: String) throws {
    guard let bytes = FileManager.default.contents(atPath: path),
      let text = String(validating: bytes, as: UTF8.self), !bytes.contains(0)
    else { throw MigrationError("\(name): cannot be read as UTF-8 without NUL") }
    self.init(name: name, text: text)
  }

  package init(name: String, text: String) {
    self.name = name
    self.text = text
  }

  /// CREATE INDEX CONCURRENTLY and the like cannot run in a transaction. Such a file says so and has one statement.
  var runsOutsideTransaction: Bool {
    text.split(whereSeparator: \.isNewline).first.map { $0.hasPrefix("-- migrate: no-transaction") } ?? false
  }
}

package struct MigrationError: Error, CustomStringConvertible, Equatable {
  package let description: String
  package init(_ description: String) { self.description = description }
}
