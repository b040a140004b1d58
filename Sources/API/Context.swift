package import HTTP
package import Identity
package import Postgres
package import Telemetry
package import Tokens

/// The surroundings of a handler, besides the request.
package struct Context {
  package let deadline: Deadline
  package let hashing: Hashing
  package let requiredSchemaVersion: Int
  package let memory: SharedMemory
  package let desk: FrontDesk
  package let storefront: Storefront
  package let readiness: Readiness
}

/// The handler of a route. Only one that gets the connection can touch the database.
package enum Endpoint {
  case plain((Request, Context) throws -> Response)
  /// `repeatable`: running it twice does no harm, so it runs again when its session proves dead.
  case withConnection(repeatable: Bool, (Request, Context, borrowing Connection) throws -> Response)
  /// The caller is known, and has one of the group's roles.
  case signedIn(repeatable: Bool, (Request, Context, Caller, borrowing Connection) throws -> Response)
  /// For health alone: decides itself how long it tries to get a connection.
  case probing((Request, Context, Lender) -> Response)
}
