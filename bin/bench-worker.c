// The baseline of bin/bench: the cost of a FastCGI worker written by hand, directly on libfcgi and libpq. It answers
// /health/live, /health/ready and /api/info like the Swift worker, and knows nothing else.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <fcgiapp.h>
#include <libpq-fe.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

static PGconn *database;
static unsigned char secret[32];

static int prepare_one(const char *name, const char *statement) {
  PGresult *result = PQprepare(database, name, statement, 0, NULL);
  const int prepared = PQresultStatus(result) == PGRES_COMMAND_OK;
  PQclear(result);
  return prepared;
}

static int prepare(void) {
  return prepare_one("version", "SELECT schema_version()") &&
         prepare_one("info", "SELECT document, has_more FROM info($1)");
}

// The key that signs tokens, in hex in a file; without one every token is refused.
static void read_secret(void) {
  const char *path = getenv("BENCH_SECRET_FILE");
  FILE *file = path ? fopen(path, "r") : NULL;
  for (size_t i = 0; file && i < sizeof secret; i++) {
    unsigned byte;
    if (fscanf(file, "%2x", &byte) != 1) break;
    secret[i] = (unsigned char)byte;
  }
  if (file) fclose(file);
}

// Decodes base64url into out, which has room for capacity bytes and a NUL; the number of bytes, or -1.
static int decode(const char *text, size_t length, unsigned char *out, size_t capacity) {
  char padded[4096];
  if (length + 4 > sizeof padded || (length + 3) / 4 * 3 > capacity) return -1;
  for (size_t i = 0; i < length; i++) padded[i] = text[i] == '-' ? '+' : text[i] == '_' ? '/' : text[i];
  size_t end = length;
  while (end % 4) padded[end++] = '=';
  const int decoded = EVP_DecodeBlock(out, (const unsigned char *)padded, (int)end);
  if (decoded < 0) return -1;
  out[decoded - (int)(end - length)] = 0;
  return decoded - (int)(end - length);
}

// Copies the id of the user in an HS256 token, if our key signed it and it has not expired.
static int caller(const char *header, char id[37]) {
  static const char scheme[] = "Bearer ";
  unsigned char mac[EVP_MAX_MD_SIZE], signature[64], payload[2048];
  unsigned mac_length;
  if (!header || strncmp(header, scheme, sizeof scheme - 1) != 0) return 0;
  const char *token = header + sizeof scheme - 1, *first = strchr(token, '.');
  const char *second = first ? strchr(first + 1, '.') : NULL;
  if (!second) return 0;
  HMAC(EVP_sha256(), secret, sizeof secret, (const unsigned char *)token, (size_t)(second - token), mac, &mac_length);
  if (decode(second + 1, strlen(second + 1), signature, sizeof signature - 1) != (int)mac_length) return 0;
  if (CRYPTO_memcmp(mac, signature, mac_length) != 0) return 0;
  if (decode(first + 1, (size_t)(second - first - 1), payload, sizeof payload - 1) < 0) return 0;
  const char *subject = strstr((char *)payload, "\"sub\":\""), *expiry = strstr((char *)payload, "\"exp\":");
  if (!subject || !expiry || strtol(expiry + 6, NULL, 10) < time(NULL)) return 0;
  memcpy(id, subject + 7, 36);
  id[36] = 0;
  return 1;
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

static void serve_info(FCGX_Request *request) {
  char id[37];
  if (!caller(FCGX_GetParam("HTTP_AUTHORIZATION", request->envp), id)) {
    answer(request, 401, "{}", 2);
    return;
  }
  const char *const values[] = {id};
  PGresult *result = PQexecPrepared(database, "info", 1, values, NULL, NULL, 0);
  if (PQresultStatus(result) == PGRES_TUPLES_OK) {
    answer(request, 200, PQgetvalue(result, 0, 0), PQgetlength(result, 0, 0));
  } else {
    answer(request, 503, "{}", 2);
  }
  PQclear(result);
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
  } else if (uri && strcmp(uri, "/api/info") == 0) {
    serve_info(request);
  } else {
    answer(request, 404, "{}", 2);
  }
}

int main(void) {
  read_secret();
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
