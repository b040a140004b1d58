package import HTTP
package import Identity
package import Postgres
package import Telemetry
package import Tokens

/// What a handler may know of its surroundings besides the request.
package struct Context {
  package let deadline: Deadline
  package let hashing: Hashing
  package let requiredSchemaVersion: Int
  package let memory: SharedMemory
  package let desk: FrontDesk
  package let storefront: Storefront
  package let readiness: Readiness
}

/// What a route leads to. Only a `lent` one gets the connection, so no other can touch the database.
package enum Endpoint {
  case plain((Request, Context) throws -> Response)
  /// `repeatable` says that running it twice does no harm: it is then run again when its session proves dead.
  case lent(repeatable: Bool, (Request, Context, borrowing Connection) throws -> Response)
  /// Lent to a caller who has proved who they are, and only if theirs is one of the roles.
  case called(
    repeatable: Bool, by: Set<Role> = Set(Role.allCases),
    (Request, Context, Caller, borrowing Connection) throws -> Response)
  /// For health alone: decides for itself how long it tries to get a connection.
  case probing((Request, Context, Lender) -> Response)
}
