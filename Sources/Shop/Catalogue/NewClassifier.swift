package import Audit
internal import FoundationEssentials
package import Postgres

/// A collection or a quality level of the shop's own, such as a size. Other classifiers are fixed, because the program
/// knows their codes.
package struct NewClassifier: Sendable {
  package enum Kind: String, Sendable, CaseIterable {
    case qualityLevel = "quality_level"
    case collection
  }

  package let kind: Kind
  package let code: String
  package let name: String

  package init(_ kind: Kind, code: String, name: String) {
    (self.kind, self.code, self.name) = (kind, code, name)
  }

  package func create(by editor: Editor, on connection: borrowing Connection) throws -> Classifier {
    let made = Classifier(id: UUID.timeOrdered(), kind: kind.rawValue, code: code, name: name, parent: nil)
    try connection.transaction { connection in
      let isNew: Bool = try connection.value(
        "SELECT add_classifier_by_admin(\(made.id), \(editor.id), \(made.kind), \(code), \(name))")
      guard isNew else { throw CatalogueRefusal.classifierTaken }
      let document: DatabaseJSON = try connection.value(
        "SELECT row_to_json(d) FROM (SELECT id, classifier, code, name FROM classifiers WHERE id = \(made.id)) d")
      try editor.note("classifier.create", made.id.text, after: document, on: connection)
    }
    return made
  }
}
