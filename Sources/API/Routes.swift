package import HTTP
internal import Identity

/// Every route there is. The one place to look for a path.
package func routes() -> Router<Endpoint> {
  var router = Router<Endpoint>()
  for path in ["/health/live", "/livez"] { router.add(.get, path, .plain(live)) }
  for path in ["/health", "/health/ready", "/readyz"] { router.add(.get, path, .probing(ready)) }
  router.add(.get, "/metrics", .plain(metrics))
  router.add(.get, "/api/v1/health", .plain(apiHealth))
  router.add(.get, "/.well-known/jwks.json", .plain(jwks))
  router.add(.get, "/public-key.pem", .plain(publicKey))

  router.add(.post, "/api/auth", .lent(repeatable: false, merchAuth))

  router.add(.get, "/api/info", .called(repeatable: true, info))
  router.add(.post, "/api/sendCoin", .called(repeatable: false, sendCoin))
  router.add(.get, "/api/buy/{item}", answersHead: false, .called(repeatable: false, buy))

  router.add(.post, "/api/v1/transfers", .called(repeatable: true, makeTransfer))
  router.add(.post, "/api/v1/transfers/{id:uuid}/undo", .called(repeatable: true, undoTransfer))
  router.add(.post, "/api/v1/purchases", .called(repeatable: true, makePurchase))
  router.add(.get, "/api/v1/wallet", .called(repeatable: true, wallet))
  router.add(.get, "/api/v1/wallet/history", .called(repeatable: true, walletHistory))

  router.add(.get, "/api/v1/items", .lent(repeatable: true, listItems))
  router.add(.get, "/api/v1/items/{id:uuid}", .lent(repeatable: true, showItem))
  router.add(.post, "/api/v1/items", .called(repeatable: false, by: [.admin], createItem))
  router.add(.patch, "/api/v1/items/{id:uuid}", .called(repeatable: false, by: [.admin], changeItem))
  router.add(.delete, "/api/v1/items/{id:uuid}", .called(repeatable: false, by: [.admin], deleteItem))
  router.add(.put, "/api/v1/items/{id:uuid}/image", .called(repeatable: true, by: [.admin], putImage))
  router.add(.get, "/api/v1/stats", .called(repeatable: true, by: [.admin], stats))
  router.add(.get, "/api/v1/leaderboard", .called(repeatable: true, leaderboard))
  router.add(.get, "/api/v1/classifiers", .lent(repeatable: true, listClassifiers))

  router.add(.get, "/inventory", .called(repeatable: true, inventory))
  router.add(.get, "/inventory/items/{item_id:uuid}", .called(repeatable: true, inventoryItem))
  router.add(.get, "/inventory/daily-balances", .called(repeatable: true, dailyBalances))
  router.add(.get, "/inventory/reservation/{operation_id:uuid}", .called(repeatable: true, showReservation))
  router.add(.post, "/inventory/add-items", .called(repeatable: true, by: [.service, .admin], addItems))
  router.add(.post, "/inventory/reserve", .called(repeatable: true, reserve))
  router.add(.post, "/inventory/return-reserve", .called(repeatable: true, returnReserve))
  router.add(.post, "/inventory/consume-reserve", .called(repeatable: true, consumeReserve))
  router.add(.post, "/admin/inventory/adjust", .called(repeatable: false, by: [.admin], adjust))

  router.add(.post, "/api/v1/auth/register", .lent(repeatable: false, register))
  router.add(.post, "/api/v1/auth/login", .lent(repeatable: false, login))
  router.add(.post, "/api/v1/auth/refresh", .lent(repeatable: true, refresh))
  router.add(.post, "/api/v1/auth/logout", .called(repeatable: true, logout))
  router.add(.get, "/api/v1/auth/me", .called(repeatable: true, me))

  router.add(.get, "/api/v1/users", .called(repeatable: true, by: [.admin, .moderator], listUsers))
  router.add(.post, "/api/v1/users", .called(repeatable: false, by: [.admin], createUser))
  router.add(.get, "/api/v1/users/{id:uuid}", .called(repeatable: true, by: [.admin, .moderator], showUser))
  router.add(.patch, "/api/v1/users/{id:uuid}", .called(repeatable: false, by: [.admin], changeUser))
  router.add(.delete, "/api/v1/users/{id:uuid}", .called(repeatable: false, by: [.admin], deleteUser))
  router.add(.get, "/api/v1/audit", .called(repeatable: true, by: [.admin], listAudit))
  return router
}
