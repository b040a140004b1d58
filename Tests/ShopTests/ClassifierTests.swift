import Postgres
import Shop
import Support
import Testing

@Suite(.tiers(.database))
struct ClassifierTests {
  @Test func `classifiers are read at most once a second, and renewed the second after`() throws {
    try withDatabase { connection in
      let classifiers = Classifiers()
      #expect(classifiers.find("collection", "winter_2025") == nil)
      try classifiers.catchUp(now: 100, on: connection)
      #expect(classifiers.find("collection", "winter_2025") != nil)
      try connection.run(
        """
        INSERT INTO classifiers (id, classifier, code, name, position)
        VALUES ('c1a551f1-0000-8000-8003-000000000099', 'collection', 'winter_2026', 'Winter 2026', 99)
        """)
      try classifiers.catchUp(now: 100, on: connection)
      #expect(classifiers.find("collection", "winter_2026") == nil)
      try classifiers.catchUp(now: 101, on: connection)
      #expect(classifiers.find("collection", "winter_2026")?.kind == "collection")
      try connection.run("DELETE FROM classifiers WHERE code = 'winter_2026'")
      try classifiers.catchUp(now: 102, on: connection)
      #expect(classifiers.find("collection", "winter_2026") == nil)
    }
  }

  @Test func `a second costs one query, however many requests come`() throws {
    let connection = try TestCluster.connection(user: TestCluster.app)
    let classifiers = Classifiers()
    try classifiers.catchUp(now: 5, on: connection)
    // A query on a session in a failed transaction fails; a cached answer does not.
    var refused: [Int] = []
    try? connection.transaction { connection in
      _ = try? connection.run("SELECT 1 / 0")
      for now in [5, 5, 6, 5] {
        do { try classifiers.catchUp(now: now, on: connection) } catch { refused.append(now) }
      }
      throw Failure("over")
    }
    #expect(refused == [6])
    #expect(classifiers.find("item_class", "merch") != nil)
  }

  @Test func `an unknown code is looked up anew before it is refused, and a known one costs nothing`() throws {
    try withDatabase { connection in
      let classifiers = Classifiers()
      try classifiers.catchUp(now: 100, on: connection)
      try connection.run(
        """
        INSERT INTO classifiers (id, classifier, code, name, position)
        VALUES ('c1a551f1-0000-8000-8003-000000000099', 'collection', 'winter_2026', 'Winter 2026', 99)
        """)
      var runs = 0
      for (code, now, isKnown, due) in [
        ("winter_2025", 100, true, 1), ("winter_2026", 100, true, 2), ("winter_2026", 100, true, 1),
        ("winter_2099", 100, false, 2),
        // They have been read for this request already.
        ("winter_2099", 101, false, 1),
      ] {
        runs = 0
        let found = try classifiers.reading(now: now, on: connection) { classifiers in
          runs += 1
          return classifiers.find("collection", code)
        }
        #expect((found != nil) == isKnown && runs == due, "\(code)")
      }
      #expect(classifiers.find("collection", "winter_2026")?.name == "Winter 2026")
      // The same when the reading refuses what it misses.
      try connection.run("UPDATE classifiers SET code = 'winter_2027' WHERE code = 'winter_2026'")
      let found = try classifiers.reading(now: 101, on: connection) { classifiers in
        guard let found = classifiers.find("collection", "winter_2027") else { throw Failure("no such collection") }
        return found
      }
      #expect(found.code == "winter_2027")
    }
  }

  @Test func `the usual type of a class is no unknown code`() throws {
    try withDatabase { connection in
      let classifiers = Classifiers()
      try classifiers.catchUp(now: 100, on: connection)
      var runs = 0
      try classifiers.reading(now: 100, on: connection) { classifiers in
        runs += 1
        let tools = try #require(classifiers.find("item_class", "tools"))
        #expect(classifiers.usualType(of: tools)?.code == "shovel")
      }
      #expect(runs == 1)
    }
  }

  @Test func `a type belongs to its class, and codes are compared byte by byte`() throws {
    try withDatabase { connection in
      let classifiers = Classifiers()
      try classifiers.catchUp(now: 1, on: connection)
      let tools = try #require(classifiers.find("item_class", "tools"))
      #expect(classifiers.find("item_type", "hammer", of: tools.id)?.parent == tools.id)
      #expect(classifiers.find("item_type", "hammer") == nil)
      #expect(classifiers.find("item_type", "cup", of: tools.id) == nil)
      for code in ["", "Tools", "tools ", "tools\0", " tools", "collection winter_2025", "'", "%"] {
        #expect(classifiers.find("item_class", code) == nil, "\(code)")
      }
      #expect(classifiers.find("item_class  tools", "") == nil)
    }
  }

  @Test func `everything that the contract names exists`() throws {
    try withDatabase { connection in
      let classifiers = Classifiers()
      try classifiers.catchUp(now: 1, on: connection)
      for (kind, count) in [
        ("item_class", 8), ("quality_level", 13), ("collection", 4), ("inventory_section", 3), ("operation_type", 13),
      ] {
        #expect(classifiers.all.filter { $0.kind == kind }.count == count, "\(kind)")
      }
      for item in classifiers.all where item.kind == "item_class" {
        #expect(classifiers.all.contains { $0.parent == item.id }, "\(item.code) has no type")
      }
    }
  }
}
