internal import Glibc
internal import Support

extension Site {
  /// The handwritten worker for comparison, as a pool of its own named c.
  func startYardstick() throws { try startPool("c", [compile("bin/bench-worker.c")]) }

  /// Compiles a worker in C; the path of its program.
  func compile(_ source: String) throws -> String {
    let compiler = ["cc", "clang"].first { name in
      String(cString: getenv("PATH")).split(separator: ":").contains { access("\($0)/\(name)", X_OK) == 0 }
    }
    let flags = try run(words: ["pkg-config", "--cflags", "--libs", "libpq"]).split(whereSeparator: \.isWhitespace).map(
      String.init)
    let compiling = try start(
      [compiler ?? "cc", "-O2", "-Wall", "-Wextra", "-Werror", "-o", directory / "worker", projectRoot + "/" + source]
        + ["-lfcgi", "-lcrypto"] + flags)
    guard try compiling.wait() == 0 else { throw Failure("\(source) does not compile:\n\(compiling.log)") }
    return directory / "worker"
  }

  /// Like bin/pool, which starts only the shop's own worker, with a shorter backlog.
  func startPool(_ name: String, _ command: [String], environment: [String: String] = [:]) throws {
    let multiwatch = try run(words: ["which", "multiwatch"]).split(separator: "\n").map(String.init)
    let words =
      asUser + ["spawn-fcgi", "-n", "-s", sockets + "/\(name).sock", "-M", "0660", "-b", "1024", "--"]
      + multiwatch + ["-f", "\(options.workers)", "-t", "0", "--"] + command
    masters[name] = try start(
      words,
      environment: ["PGHOST": sockets, "PGDATABASE": "tuckshop", "PGUSER": "tuckshop_app"]
        .merging(environment) { $1 })
  }

  /// Workers of the shop on another database, with a folder of their own for shared memory.
  func startSecondShop(_ name: String, database: String) throws {
    let folder = directory / "run-\(name)"
    try run(words: asUser.isEmpty ? ["mkdir", folder] : ["install", "-d", "-o", "www-data", "-g", "www-data", folder])
    try startPool(
      name, [world.binary, "worker"],
      environment: [
        "PGDATABASE": database, "TUCKSHOP_RUN_DIR": folder, "TUCKSHOP_KEY_FILE": keyFile,
        "TUCKSHOP_MIGRATIONS": projectMigrations, "TUCKSHOP_WORKER_MAX_REQUESTS": "0",
        "TUCKSHOP_MEDIA_DIR": directory / "media",
      ])
  }

  /// The user that runs PostgreSQL and the pools.
  var asUser: [String] {
    getuid() == 0
      ? ["setpriv", "--reuid=www-data", "--regid=www-data", "--init-groups", "--inh-caps=-all", "--"] : []
  }

  /// The running workers of a pool.
  func workers(_ pool: String) throws -> [pid_t] {
    world.children(of: try masters[pool]?.pid ?? world.pid(of: pool)).sorted()
  }

  /// A server of nginx for each of these pools. A request takes the way of the public server, through the same table of
  /// routes, except that health and the shop end at the pool under app's limits. nginx answers for the page itself,
  /// with a short text, which is the ceiling. Proxied pools speak HTTP instead of FastCGI, over kept connections.
  func standInFront(of pools: [String], proxied: Set<String> = []) throws {
    var text = ""
    for pool in pools {
      let port = try freePort()
      fronts[pool] = port
      let isProxied = proxied.contains(pool)
      let kept = isProxied ? " keepalive 32;" : ""
      if pool != "app" { text += "upstream \(pool) { server unix:\(sockets)/\(pool).sock max_fails=0;\(kept) }\n" }
      let pass =
        isProxied
        ? "proxy_http_version 1.1; proxy_set_header Connection \"\"; proxy_pass http://\(pool)$worker_uri;"
        : "fastcgi_pass \(pool);"
      text += """
        server {
            listen 127.0.0.1:\(port) backlog=2048;
            set $listener public;
            merge_slashes off;
            rewrite ^(?!/-/) $destination last;
            location ~ ^/-/(?:ops|app)$ {
                internal;
                limit_req    zone=rate burst=1000000 nodelay;
                limit_conn   connections 9999;
                \(pass)
            }
            location = /-/html/index.html {
                internal;
                default_type application/json;
                return 200 '{"status":"healthy","timestamp":"2025-01-01T00:00:00Z","services":{},"checks":[]}';
            }
            include snippets/errors.conf;
        }

        """
    }
    try directory.write("nginx/bench.conf", text)
    // The last line of nginx.conf is the brace that closes http.
    try configureNginx { configuration in
      let end = configuration.lastIndex(of: "}")!
      return configuration[..<end] + "include bench.conf;\n}\n"
    }
    for pool in pools {
      try eventually("nginx listens for \(pool)") {
        HTTPAnswer.connected(to: fronts[pool]!).map { close($0) } != nil
      }
    }
  }

  func configureNginx(_ change: (String) -> String) throws {
    try directory.write("nginx/nginx.conf", change(try read(directory / "nginx/nginx.conf")))
    kill(try world.pid(of: "nginx"), SIGHUP)
  }

  /// Waits until all these pools answer this path with 200, and compares their answers. The members of an object may
  /// come in any order, but the lengths must be equal.
  func checkAnswers(_ path: String, of pools: [String], headers: [(String, String)] = []) throws {
    var bodies: [String] = []
    for pool in pools {
      var answer = HTTPAnswer.broken
      try eventually("the pool \(pool) answers \(path) with 200") {
        answer = try HTTPAnswer.asking(fronts[pool]!, "GET", path, headers: headers)
        return answer.status == 200
      }
      bodies.append(answer.body)
    }
    guard Set(bodies.map(\.utf8.count)).count <= 1 else {
      throw Failure("the answers to \(path) differ; bin/bench-worker.c must follow. \(pools): \(bodies)")
    }
  }
}
