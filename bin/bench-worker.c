// The baseline of bin/bench: the cost of a FastCGI worker written by hand, directly on libfcgi and libpq. It answers
// /health/live and /health/ready like the Swift worker, and knows nothing else. Bench/peers/peer.c is a shop.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <fcgiapp.h>
#include <libpq-fe.h>

static PGconn *database;

static int prepare(void) {
  PGresult *result = PQprepare(database, "version", "SELECT schema_version()", 0, NULL);
  const int prepared = PQresultStatus(result) == PGRES_COMMAND_OK;
  PQclear(result);
  return prepared;
}

// The schema's version, or -1. A session that ended is replaced for the next request.
static long version(void) {
  PGresult *result = PQexecPrepared(database, "version", 0, NULL, NULL, NULL, 0);
  const long found = PQresultStatus(result) == PGRES_TUPLES_OK ? strtol(PQgetvalue(result, 0, 0), NULL, 10) : -1;
  PQclear(result);
  if (found < 0 && PQstatus(database) != CONNECTION_OK) {
    PQreset(database);
    prepare();
  }
  return found;
}

static void answer(FCGX_Request *request, int status, const char *body, int length) {
  FCGX_FPrintF(request->out, "Status: %d\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n", status, length);
  FCGX_PutStr(body, length, request->out);
}

static void serve(FCGX_Request *request) {
  const char *uri = FCGX_GetParam("REQUEST_URI", request->envp);
  const time_t now = time(NULL);
  struct tm utc;
  char timestamp[32], body[512];
  strftime(timestamp, sizeof timestamp, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&now, &utc));
  if (uri && strcmp(uri, "/health/live") == 0) {
    const char *form = "{\"status\":\"healthy\",\"timestamp\":\"%s\",\"services\":{},\"checks\":[]}";
    answer(request, 200, body, snprintf(body, sizeof body, form, timestamp));
  } else if (uri && strcmp(uri, "/health/ready") == 0) {
    const int ready = version() > 0;
    const char *form = "{\"status\":\"%s\",\"timestamp\":\"%s\",\"services\":{\"database\":\"%s\"},\"checks\":["
                       "{\"name\":\"database\",\"status\":\"%s\"},{\"name\":\"schema\",\"status\":\"%s\"},"
                       "{\"name\":\"draining\",\"status\":\"pass\"}]}";
    const char *check = ready ? "pass" : "fail";
    answer(request, ready ? 200 : 503, body,
           snprintf(body, sizeof body, form, ready ? "healthy" : "unhealthy", timestamp,
                    ready ? "connected" : "disconnected", check, check));
  } else {
    answer(request, 404, "{}", 2);
  }
}

int main(void) {
  // libpq's own variables, such as PGHOST, describe the connection.
  database = PQconnectdb("");
  if (PQstatus(database) != CONNECTION_OK || !prepare()) {
    fprintf(stderr, "bench-worker: %s", PQerrorMessage(database));
    return 1;
  }
  FCGX_Request request;
  if (FCGX_Init() != 0 || FCGX_InitRequest(&request, 0, 0) != 0) return 1;
  while (FCGX_Accept_r(&request) == 0) {
    serve(&request);
    FCGX_Finish_r(&request);
  }
  PQfinish(database);
  return 0;
}
