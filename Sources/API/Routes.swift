package import HTTP

/// Every route there is. The one place to look for a path.
package func routes() -> Router<Endpoint> {
  var router = Router<Endpoint>()
  for path in ["/health/live", "/livez"] { router.add(.get, path, .plain(live)) }
  for path in ["/health", "/health/ready", "/readyz"] { router.add(.get, path, .probing(ready)) }
  router.add(.get, "/metrics", .plain(metrics))
  router.add(.get, "/api/v1/health", .plain(apiHealth))
  return router
}
