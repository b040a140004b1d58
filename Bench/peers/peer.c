// The merch routes as a FastCGI worker written by hand for speed, directly on libfcgi, libpq and libcrypto, over the
// plain schema of schema.sql: one of the peers of bin/bench --peers.
#include <ctype.h>

#include <fcgiapp.h>
#include <libpq-fe.h>

#include "token.h"

static PGconn *database;

static int prepare(const char *name, const char *statement) {
  PGresult *result = PQprepare(database, name, statement, 0, NULL);
  const int prepared = PQresultStatus(result) == PGRES_COMMAND_OK;
  PQclear(result);
  return prepared;
}

// ---- the body: an object with a text and a whole number, and perhaps members that nobody asks for

static const char *blank(const char *at) { return at + strspn(at, " \t\r\n"); }

static char *put_utf8(char *out, unsigned code) {
  if (code < 0x80) {
    *out++ = (char)code;
  } else if (code < 0x800) {
    *out++ = (char)(0xC0 | code >> 6), *out++ = (char)(0x80 | (code & 0x3F));
  } else if (code < 0x10000) {
    *out++ = (char)(0xE0 | code >> 12), *out++ = (char)(0x80 | (code >> 6 & 0x3F));
    *out++ = (char)(0x80 | (code & 0x3F));
  } else {
    *out++ = (char)(0xF0 | code >> 18), *out++ = (char)(0x80 | (code >> 12 & 0x3F));
    *out++ = (char)(0x80 | (code >> 6 & 0x3F)), *out++ = (char)(0x80 | (code & 0x3F));
  }
  return out;
}

static int hex4(const char *at, unsigned *code) {
  *code = 0;
  for (int i = 0; i < 4; i++) {
    if (!isxdigit((unsigned char)at[i])) return 0;
    *code = *code * 16 + (unsigned)(isdigit((unsigned char)at[i]) ? at[i] - '0' : (at[i] | 32) - 'a' + 10);
  }
  return 1;
}

// Copies a string, which is never longer than its JSON; the position behind it, or NULL.
static const char *string(const char *at, char *out) {
  static const char escapes[] = "\"\\/bfnrt", meanings[] = "\"\\/\b\f\n\r\t";
  if (*at++ != '"') return NULL;
  while (*at != '"') {
    if ((unsigned char)*at < 0x20) return NULL;
    if (*at != '\\') {
      *out++ = *at++;
      continue;
    }
    const char *escape = at[1] ? strchr(escapes, at[1]) : NULL;
    unsigned code, low;
    if (escape) {
      *out++ = meanings[escape - escapes];
      at += 2;
    } else if (at[1] == 'u' && hex4(at + 2, &code) && code != 0) {
      at += 6;
      if (code >= 0xD800 && code < 0xE000) {
        if (code >= 0xDC00 || at[0] != '\\' || at[1] != 'u' || !hex4(at + 2, &low) || low < 0xDC00 || low > 0xDFFF)
          return NULL;
        code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
        at += 6;
      }
      out = put_utf8(out, code);
    } else {
      return NULL;
    }
  }
  *out = 0;
  return at + 1;
}

// Skips any value; the position behind it, or NULL.
static const char *skip(const char *at, char *scratch, int depth) {
  if (*at == '"') return string(at, scratch);
  if (*at == '{' || *at == '[') {
    const char end = *at == '{' ? '}' : ']';
    if (depth == 0) return NULL;
    at = blank(at + 1);
    if (*at == end) return at + 1;
    while (1) {
      if (end == '}') {
        if (!(at = string(at, scratch)) || *(at = blank(at)) != ':') return NULL;
        at = blank(at + 1);
      }
      if (!(at = skip(at, scratch, depth - 1))) return NULL;
      at = blank(at);
      if (*at == end) return at + 1;
      if (*at != ',') return NULL;
      at = blank(at + 1);
    }
  }
  const size_t length = strspn(at, "+-.0123456789aeflnrstuE");
  return length ? at + length : NULL;
}

// A whole number from 1, of at most 18 digits, as the text that PostgreSQL reads.
static const char *amount(const char *at, char out[20]) {
  const size_t length = strspn(at, "0123456789");
  if (length == 0 || length > 18 || *at == '0' || strspn(at + length, ".eE")) return NULL;
  memcpy(out, at, length);
  out[length] = 0;
  return at + length;
}

static int read_transfer(const char *at, char *to, char value[20], char *scratch) {
  to[0] = value[0] = 0;
  if (*(at = blank(at)) != '{') return 0;
  at = blank(at + 1);
  while (*at != '}') {
    if (!(at = string(at, scratch)) || *(at = blank(at)) != ':') return 0;
    at = blank(at + 1);
    at = strcmp(scratch, "toUser") == 0   ? string(at, to)
         : strcmp(scratch, "amount") == 0 ? amount(at, value)
                                          : skip(at, scratch, 32);
    if (!at || (*(at = blank(at)) != ',' && *at != '}')) return 0;
    if (*at == ',' && *(at = blank(at + 1)) != '"') return 0;
  }
  return *blank(at + 1) == 0 && to[0] && value[0];
}

// ---- the answers

static void answer(FCGX_Request *request, int status, const char *body, int length) {
  static const char head[] = "Status: %d\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n";
  FCGX_FPrintF(request->out, head, status, length);
  FCGX_PutStr(body, length, request->out);
}

static void refuse(FCGX_Request *request, int status, const char *sentence) {
  char body[128];
  answer(request, status, body, snprintf(body, sizeof body, "{\"errors\":\"%s\"}", sentence));
}

static PGresult *run(FCGX_Request *request, const char *statement, int count, const char *const *values) {
  PGresult *result = PQexecPrepared(database, statement, count, values, NULL, NULL, 0);
  if (PQresultStatus(result) == PGRES_TUPLES_OK) return result;
  const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
  // Class 22: a text that is not UTF-8, for example.
  if (state && strncmp(state, "22", 2) == 0) {
    refuse(request, 400, "A value cannot be stored.");
  } else {
    fprintf(stderr, "peer: %s", PQresultErrorMessage(result));
    refuse(request, 500, "Something went wrong on our side.");
  }
  PQclear(result);
  return NULL;
}

static struct {
  char *bytes;
  size_t length, room;
} document;

static void append(const char *text, size_t length) {
  if (document.length + length > document.room) {
    document.room = (document.length + length) * 2;
    if (!(document.bytes = realloc(document.bytes, document.room))) abort();
  }
  memcpy(document.bytes + document.length, text, length);
  document.length += length;
}

static void append_text(const char *text) { append(text, strlen(text)); }

static void append_string(const char *text) {
  char escaped[8];
  append("\"", 1);
  while (1) {
    size_t plain = 0;
    while ((unsigned char)text[plain] >= 0x20 && text[plain] != '"' && text[plain] != '\\') plain++;
    append(text, plain);
    text += plain;
    if (!*text) break;
    append(escaped, (size_t)snprintf(escaped, sizeof escaped, "\\u%04x", (unsigned)*text++));
  }
  append("\"", 1);
}

static void serve_info(FCGX_Request *request, const char *id) {
  static const char *const openings[] = {",\"inventory\":[", "],\"coinHistory\":{\"received\":[", "],\"sent\":["};
  static const char *const names[] = {"{\"type\":", "{\"fromUser\":", "{\"toUser\":"};
  static const char *const amounts[] = {",\"quantity\":", ",\"amount\":", ",\"amount\":"};
  PGresult *result = run(request, "info", 1, &id);
  if (!result) return;
  const int rows = PQntuples(result);
  if (rows == 0) {
    refuse(request, 401, "The token is not valid.");
  } else {
    document.length = 0;
    append_text("{\"coins\":");
    append_text(PQgetvalue(result, 0, 2));
    int row = 1;
    for (int part = 1; part <= 3; part++) {
      append_text(openings[part - 1]);
      for (int first = row; row < rows && PQgetvalue(result, row, 0)[0] == '0' + part; row++) {
        if (row > first) append(",", 1);
        append_text(names[part - 1]);
        append_string(PQgetvalue(result, row, 1));
        append_text(amounts[part - 1]);
        append_text(PQgetvalue(result, row, 2));
        append("}", 1);
      }
    }
    append_text("]}}");
    answer(request, 200, document.bytes, (int)document.length);
  }
  PQclear(result);
}

static void move(FCGX_Request *request, const char *statement, int count, const char *const *values) {
  PGresult *result = run(request, statement, count, values);
  if (!result) return;
  const char *outcome = PQgetvalue(result, 0, 0);
  if (strcmp(outcome, "done") == 0) {
    answer(request, 200, "", 0);
  } else if (strcmp(outcome, "poor") == 0) {
    refuse(request, 400, "insufficient balance: not enough coins");
  } else {
    refuse(request, 400, strcmp(outcome, "oneself") == 0 ? "You cannot send coins to yourself."
                                                         : "There is no such user or item.");
  }
  PQclear(result);
}

static void serve_send(FCGX_Request *request, const char *id) {
  static char body[65537], to[65537], scratch[65537];
  char value[20];
  const int length = FCGX_GetStr(body, sizeof body - 1, request->in);
  body[length] = 0;
  if (strlen(body) == (size_t)length && read_transfer(body, to, value, scratch)) {
    move(request, "send", 3, (const char *const[]){id, to, value});
  } else {
    refuse(request, 400, "The body needs toUser, a text, and amount, a whole number from 1.");
  }
}

static void serve_buy(FCGX_Request *request, const char *id, const char *path) {
  char item[256];
  size_t length = 0;
  unsigned byte;
  while (*path && *path != '?' && length < sizeof item - 1) {
    if (*path != '%') {
      item[length++] = *path++;
    } else if (isxdigit((unsigned char)path[1]) && isxdigit((unsigned char)path[2]) && sscanf(path + 1, "%2x", &byte)) {
      item[length++] = (char)byte;
      path += 3;
    } else {
      break;
    }
  }
  item[length] = 0;
  move(request, "buy", 2, (const char *const[]){id, item});
}

static void serve(FCGX_Request *request) {
  static const char buy[] = "/api/buy/";
  const char *method = FCGX_GetParam("REQUEST_METHOD", request->envp);
  const char *path = FCGX_GetParam("REQUEST_URI", request->envp);
  char id[64];
  if (!method || !path) return;
  const int reads = strcmp(method, "GET") == 0;
  const int known = reads && strcmp(path, "/api/info") == 0                          ? 1
                    : strcmp(method, "POST") == 0 && !strcmp(path, "/api/sendCoin") ? 2
                    : reads && strncmp(path, buy, sizeof buy - 1) == 0              ? 3
                                                                                    : 0;
  if (!known) {
    refuse(request, 404, "There is nothing at this path.");
  } else if (!caller(FCGX_GetParam("HTTP_AUTHORIZATION", request->envp), id)) {
    refuse(request, 401, "The token is not valid.");
  } else if (known == 1) {
    serve_info(request, id);
  } else if (known == 2) {
    serve_send(request, id);
  } else {
    serve_buy(request, id, path + sizeof buy - 1);
  }
}

int main(void) {
  // libpq's own variables, such as PGHOST, describe the connection.
  database = PQconnectdb("");
  if (!read_secret() || PQstatus(database) != CONNECTION_OK ||
      !prepare("info", "SELECT part, name, amount FROM info($1)") || !prepare("send", "SELECT send($1, $2, $3)") ||
      !prepare("buy", "SELECT buy($1, $2)")) {
    fprintf(stderr, "peer: %s", PQerrorMessage(database));
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
