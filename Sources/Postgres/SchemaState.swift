/// The state of the database's schema, for readiness.
package enum SchemaState: Sendable, Equatable {
  case version(Int)
  /// No migration has been applied.
  case empty
  /// PostgreSQL cannot load the library of PL/pgSQL: it was upgraded and not restarted.
  case unusable
}

extension Connection {
  package func schemaState() throws -> SchemaState {
    do {
      return .version(try value("SELECT schema_version()"))
    } catch let error as PostgresError where ["42P01", "42883"].contains(error.sqlstate) {
      return .empty
    } catch let error as PostgresError where error.sqlstate == "58P01" {
      return .unusable
    }
  }
}
