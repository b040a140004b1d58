package import HTTP
package import Identity
internal import Shop

/// Routes that share a prefix, a dialect and the roles of their callers.
package struct RouteGroup {
  package struct Route {
    let method: Method
    let path: String
    let answersHead: Bool
    /// Nil: the limit of the settings.
    let bodyLimitBytes: Int?
    let dialect: Dialect
    let roles: Set<Role>
    let endpoint: Endpoint
  }

  let prefix: String
  let dialect: Dialect
  let roles: Set<Role>
  private(set) var routes: [Route] = []

  /// A prefix that ends in a slash is no path of the group: something follows it. `roles` are those that may call the
  /// routes that are `signedIn`.
  package init(_ prefix: String, _ dialect: Dialect, for roles: Set<Role> = Set(Role.allCases)) {
    self.prefix = prefix
    self.dialect = dialect
    self.roles = roles
  }

  package mutating func add(
    _ method: Method, _ path: String, answersHead: Bool = true, bodyLimitBytes: Int? = nil, _ endpoint: Endpoint
  ) {
    routes.append(
      Route(
        method: method, path: path, answersHead: answersHead, bodyLimitBytes: bodyLimitBytes, dialect: dialect,
        roles: roles, endpoint: endpoint))
  }
}

/// Every route there is. The one place to look for a path.
package func routes() -> [RouteGroup] {
  // nginx gives this alias to the inventory, so its errors are the inventory's.
  [probes(), merch(), openID(), RouteGroup("/api/inventory", .inventory)] + v1() + inventoryRoutes()
}

private func probes() -> RouteGroup {
  var group = RouteGroup("", .problem)
  for path in ["/health/live", "/livez"] { group.add(.get, path, .plain(live)) }
  for path in ["/health", "/health/ready", "/readyz"] { group.add(.get, path, .probing(ready)) }
  group.add(.get, "/metrics", .plain(metrics))
  group.add(.get, "/.well-known/jwks.json", .plain(jwks))
  group.add(.get, "/public-key.pem", .plain(publicKey))
  return group
}

private func merch() -> RouteGroup {
  var group = RouteGroup("/api/", .merch)
  group.add(.post, "auth", .withConnection(repeatable: false, merchAuth))
  group.add(.get, "info", .signedIn(repeatable: true, info))
  group.add(.post, "sendCoin", .signedIn(repeatable: false, sendCoin))
  group.add(.get, "buy/{item}", answersHead: false, .signedIn(repeatable: false, buy))
  return group
}

/// Browsers come here by a link, or sent by the provider.
private func openID() -> RouteGroup {
  var group = RouteGroup(OpenIDSettings.path, .page)
  group.add(.get, "", answersHead: false, .withConnection(repeatable: true, beginOpenID))
  group.add(.get, "/callback", answersHead: false, .withConnection(repeatable: false, finishOpenID))
  return group
}

private func v1() -> [RouteGroup] {
  var everybody = RouteGroup("/api/v1", .problem)
  everybody.add(.get, "/health", .plain(apiHealth))
  everybody.add(.get, "/shop", .plain(describeShop))

  everybody.add(.post, "/auth/register", .withConnection(repeatable: false, register))
  everybody.add(.post, "/auth/login", .withConnection(repeatable: false, login))
  everybody.add(.post, "/auth/refresh", .withConnection(repeatable: true, refresh))
  everybody.add(.get, "/auth/methods", .plain(signInMethods))
  everybody.add(.post, "/auth/session", .withConnection(repeatable: false, openSession))
  everybody.add(.delete, "/auth/session", .withConnection(repeatable: true, closeSession))
  everybody.add(.post, "/auth/session/refresh", .withConnection(repeatable: true, refreshSession))
  everybody.add(.get, "/auth/sessions", .signedIn(repeatable: true, listSessions))
  everybody.add(.delete, "/auth/sessions", .signedIn(repeatable: true, endOtherSessions))
  everybody.add(.delete, "/auth/sessions/{id:uuid}", .signedIn(repeatable: true, endSession))
  everybody.add(.post, "/auth/identities", .signedIn(repeatable: false, linkOwnIdentity))
  everybody.add(.put, "/auth/password", .signedIn(repeatable: false, changePassword))
  everybody.add(.post, "/auth/password-reset", .withConnection(repeatable: false, takePasswordReset))
  everybody.add(.post, "/auth/logout", .signedIn(repeatable: true, logout))
  everybody.add(.get, "/auth/me", .signedIn(repeatable: true, me))
  everybody.add(.patch, "/auth/me", .signedIn(repeatable: false, changeMe))
  // Also for users who were admins when they set it up.
  everybody.add(.get, "/auth/totp", .signedIn(repeatable: true, showSecondFactor))
  everybody.add(.post, "/auth/totp/recovery-codes", .signedIn(repeatable: false, renewRecoveryCodes))
  everybody.add(.delete, "/auth/totp", .signedIn(repeatable: false, removeSecondFactor))

  everybody.add(.post, "/transfers", .signedIn(repeatable: true, makeTransfer))
  everybody.add(.post, "/transfers/{id:uuid}/undo", .signedIn(repeatable: true, undoTransfer))
  everybody.add(.post, "/purchases", .signedIn(repeatable: true, makePurchase))
  everybody.add(.get, "/orders", .signedIn(repeatable: true, listOrders))
  everybody.add(.get, "/orders/{id:uuid}", .signedIn(repeatable: true, showOrder))
  everybody.add(.post, "/orders/{id:uuid}/cancel", .signedIn(repeatable: true, cancelOrder))
  everybody.add(.get, "/people", .signedIn(repeatable: true, findPeople))
  everybody.add(.get, "/wallet", .signedIn(repeatable: true, wallet))
  everybody.add(.get, "/wallet/history", .signedIn(repeatable: true, walletHistory))

  everybody.add(.get, "/items", .withConnection(repeatable: true, listItems))
  everybody.add(.get, "/items/{id:uuid}", .withConnection(repeatable: true, showItem))
  everybody.add(.get, "/items/{id:uuid}/mine", .signedIn(repeatable: true, showOwnShare))
  everybody.add(.get, "/classifiers", .withConnection(repeatable: true, listClassifiers))
  everybody.add(.get, "/leaderboard", .signedIn(repeatable: true, leaderboard))

  var staff = RouteGroup("/api/v1", .problem, for: [.admin, .moderator])
  staff.add(.get, "/users", .signedIn(repeatable: true, listUsers))
  staff.add(.get, "/users/{id:uuid}", .signedIn(repeatable: true, showUser))

  staff.add(.post, "/orders/{id:uuid}/ready", .signedIn(repeatable: true, changeOrder(.ready)))
  staff.add(.post, "/orders/{id:uuid}/hand-over", .signedIn(repeatable: true, changeOrder(.handOver)))
  staff.add(.post, "/orders/{id:uuid}/return", .signedIn(repeatable: true, changeOrder(.takeBack)))
  staff.add(.post, "/orders/ready", .signedIn(repeatable: true, changeOrders(.ready)))
  staff.add(.post, "/orders/hand-over", .signedIn(repeatable: true, changeOrders(.handOver)))

  var admins = RouteGroup("/api/v1", .problem, for: [.admin])
  admins.add(.post, "/auth/totp", .signedIn(repeatable: true, beginSecondFactor))
  admins.add(.post, "/auth/totp/confirm", .signedIn(repeatable: false, confirmSecondFactor))
  admins.add(.post, "/users", .signedIn(repeatable: false, createUser))
  admins.add(
    .post, "/users/import", bodyLimitBytes: PeopleBody.mostBytes, .signedIn(repeatable: false, importUsers))
  admins.add(.patch, "/users/{id:uuid}", .signedIn(repeatable: false, changeUser))
  admins.add(.delete, "/users/{id:uuid}", .signedIn(repeatable: false, deleteUser))
  admins.add(.get, "/users/{id:uuid}/holdings", .signedIn(repeatable: true, showHoldings))
  admins.add(.post, "/users/{id:uuid}/password-reset", .signedIn(repeatable: false, offerPasswordReset))
  admins.add(.post, "/invitations", .signedIn(repeatable: false, createInvitation))
  admins.add(.get, "/invitations", .signedIn(repeatable: true, listInvitations))
  admins.add(.delete, "/invitations/{id:uuid}", .signedIn(repeatable: true, endInvitation))
  admins.add(.get, "/users/{id:uuid}/identities", .signedIn(repeatable: true, listIdentities))
  admins.add(.post, "/users/{id:uuid}/identities", .signedIn(repeatable: false, linkIdentity))
  admins.add(.delete, "/users/{id:uuid}/identities/{n}", .signedIn(repeatable: false, unlinkIdentity))
  admins.add(.post, "/items", .signedIn(repeatable: false, createItem))
  admins.add(.patch, "/items/{id:uuid}", .signedIn(repeatable: false, changeItem))
  admins.add(.delete, "/items/{id:uuid}", .signedIn(repeatable: false, deleteItem))
  admins.add(.put, "/items/{id:uuid}/variants", .signedIn(repeatable: false, putVariants))
  admins.add(.put, "/items/{id:uuid}/stock", .signedIn(repeatable: false, putStock))
  admins.add(.post, "/classifiers/{classifier}", .signedIn(repeatable: false, createClassifier))
  admins.add(
    .put, "/items/{id:uuid}/image", bodyLimitBytes: Picture.mostBytes, .signedIn(repeatable: true, putPicture))
  admins.add(.delete, "/items/{id:uuid}/image", .signedIn(repeatable: false, deletePicture))
  admins.add(
    .post, "/grants", bodyLimitBytes: GrantBody.mostBytes, .signedIn(repeatable: true, createGrant))
  admins.add(.get, "/grants", .signedIn(repeatable: true, listGrants))
  admins.add(.get, "/grants/{name}", .signedIn(repeatable: true, showGrant))
  admins.add(.get, "/stats", .signedIn(repeatable: true, stats))
  admins.add(.get, "/reports/coins", .signedIn(repeatable: true, coinReport))
  admins.add(.get, "/reports/purchases", .signedIn(repeatable: true, purchaseReport))
  admins.add(.get, "/reports/stock", .signedIn(repeatable: true, stockReport))
  admins.add(.get, "/audit", .signedIn(repeatable: true, listAudit))
  return [everybody, staff, admins]
}

private func inventoryRoutes() -> [RouteGroup] {
  var everybody = RouteGroup("/inventory", .inventory)
  everybody.add(.get, "", .signedIn(repeatable: true, inventory))
  everybody.add(.get, "/items/{item_id:uuid}", .signedIn(repeatable: true, inventoryItem))
  everybody.add(.get, "/daily-balances", .signedIn(repeatable: true, dailyBalances))
  everybody.add(.get, "/reservation/{operation_id:uuid}", .signedIn(repeatable: true, showReservation))
  everybody.add(.get, "/reservations", .signedIn(repeatable: true, listReservations))
  everybody.add(.post, "/reserve", .signedIn(repeatable: true, reserve))
  everybody.add(.post, "/return-reserve", .signedIn(repeatable: true, returnReserve))
  everybody.add(.post, "/consume-reserve", .signedIn(repeatable: true, consumeReserve))

  var services = RouteGroup("/inventory", .inventory, for: [.service, .admin])
  services.add(.post, "/add-items", .signedIn(repeatable: true, addItems))

  var admins = RouteGroup("/admin/inventory", .inventory, for: [.admin])
  admins.add(.post, "/adjust", .signedIn(repeatable: false, adjust))
  return [everybody, services, admins]
}
