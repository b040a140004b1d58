// The merch routes in Go, with net/http and pgx, over the plain schema of schema.sql: one of the peers of
// bin/bench --peers. It listens on the TCP address or the unix socket in PEER_LISTEN, and keeps PEER_CONNECTIONS to the
// database.
package main

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"hash"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgconn"
	"github.com/jackc/pgx/v4/pgxpool"
)

var pool *pgxpool.Pool

// macs holds keyed hashes, so that no request sets up the key again.
var macs = sync.Pool{}

func main() {
	text, err := os.ReadFile(os.Getenv("BENCH_SECRET_FILE"))
	check(err)
	secret, err := hex.DecodeString(strings.TrimSpace(string(text)))
	check(err)
	macs.New = func() any { return hmac.New(sha256.New, secret) }

	// The driver prepares each statement once for each connection.
	config, err := pgxpool.ParseConfig("")
	check(err)
	connections, err := strconv.Atoi(os.Getenv("PEER_CONNECTIONS"))
	check(err)
	config.MinConns, config.MaxConns = int32(connections), int32(connections)
	pool, err = pgxpool.ConnectConfig(context.Background(), config)
	check(err)

	routes := http.NewServeMux()
	routes.HandleFunc("/api/info", only("GET", info))
	routes.HandleFunc("/api/sendCoin", only("POST", sendCoin))
	routes.HandleFunc("/api/buy/", only("GET", buy))
	network, address := "tcp", os.Getenv("PEER_LISTEN")
	if strings.HasPrefix(address, "/") {
		network = "unix"
	}
	listener, err := net.Listen(network, address)
	check(err)
	check(http.Serve(listener, routes))
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

// only lets requests of one method with a valid token through.
func only(method string, handle func(http.ResponseWriter, *http.Request, int64)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.Method != method {
			refuse(w, 404, "There is nothing at this path.")
		} else if id, ok := caller(r.Header.Get("Authorization")); !ok {
			refuse(w, 401, "The token is not valid.")
		} else {
			handle(w, r, id)
		}
	}
}

func caller(header string) (int64, bool) {
	token := strings.TrimPrefix(header, "Bearer ")
	if token == header {
		return 0, false
	}
	first, last := strings.IndexByte(token, '.'), strings.LastIndexByte(token, '.')
	if first < 0 || first == last {
		return 0, false
	}
	signature, err := base64.RawURLEncoding.DecodeString(token[last+1:])
	if err != nil {
		return 0, false
	}
	mac := macs.Get().(hash.Hash)
	mac.Reset()
	mac.Write([]byte(token[:last]))
	var sum [sha256.Size]byte
	valid := hmac.Equal(signature, mac.Sum(sum[:0]))
	macs.Put(mac)
	if !valid {
		return 0, false
	}
	payload, err := base64.RawURLEncoding.DecodeString(token[first+1 : last])
	if err != nil {
		return 0, false
	}
	var claims struct {
		Subject string `json:"sub"`
		Expiry  int64  `json:"exp"`
	}
	if json.Unmarshal(payload, &claims) != nil || claims.Expiry < time.Now().Unix() {
		return 0, false
	}
	id, err := strconv.ParseInt(claims.Subject, 10, 64)
	return id, err == nil
}

// The texts before each part of info's answer, and in each of its elements.
var (
	openings = []string{`{"coins":`, `,"inventory":[`, `],"coinHistory":{"received":[`, `],"sent":[`}
	names    = []string{"", `{"type":`, `{"fromUser":`, `{"toUser":`}
	amounts  = []string{"", `,"quantity":`, `,"amount":`, `,"amount":`}
)

func info(w http.ResponseWriter, r *http.Request, id int64) {
	rows, err := pool.Query(context.Background(), "SELECT part, name, amount FROM info($1)", id)
	if err != nil {
		fail(w, err)
		return
	}
	defer rows.Close()
	body, opened, isFirst := make([]byte, 0, 1024), 0, true
	for rows.Next() {
		var part int32
		var name string
		var amount int64
		if err := rows.Scan(&part, &name, &amount); err != nil {
			fail(w, err)
			return
		}
		for ; opened <= int(part); opened++ {
			body, isFirst = append(body, openings[opened]...), true
		}
		if part == 0 {
			body = strconv.AppendInt(body, amount, 10)
			continue
		}
		if !isFirst {
			body = append(body, ',')
		}
		isFirst = false
		body = appendString(append(body, names[part]...), name)
		body = strconv.AppendInt(append(body, amounts[part]...), amount, 10)
		body = append(body, '}')
	}
	if err := rows.Err(); err != nil {
		fail(w, err)
	} else if opened == 0 {
		refuse(w, 401, "The token is not valid.")
	} else {
		for ; opened < len(openings); opened++ {
			body = append(body, openings[opened]...)
		}
		answer(w, 200, append(body, "]}}"...))
	}
}

func appendString(body []byte, text string) []byte {
	for i := 0; i < len(text); i++ {
		if text[i] < 0x20 || text[i] == '"' || text[i] == '\\' {
			quoted, _ := json.Marshal(text)
			return append(body, quoted...)
		}
	}
	return append(append(append(body, '"'), text...), '"')
}

func sendCoin(w http.ResponseWriter, r *http.Request, id int64) {
	var transfer struct {
		To     string `json:"toUser"`
		Amount int64  `json:"amount"`
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 65536))
	if err != nil || json.Unmarshal(body, &transfer) != nil || transfer.To == "" || transfer.Amount < 1 {
		refuse(w, 400, "The body needs toUser, a text, and amount, a whole number from 1.")
		return
	}
	move(w, "SELECT send($1, $2, $3)", id, transfer.To, transfer.Amount)
}

func buy(w http.ResponseWriter, r *http.Request, id int64) {
	move(w, "SELECT buy($1, $2)", id, strings.TrimPrefix(r.URL.Path, "/api/buy/"))
}

func move(w http.ResponseWriter, statement string, values ...any) {
	// With the request's own context, pgx would start a goroutine for each statement.
	var outcome string
	if err := pool.QueryRow(context.Background(), statement, values...).Scan(&outcome); err != nil {
		fail(w, err)
		return
	}
	switch outcome {
	case "done":
		answer(w, 200, nil)
	case "poor":
		refuse(w, 400, "insufficient balance: not enough coins")
	case "oneself":
		refuse(w, 400, "You cannot send coins to yourself.")
	default:
		refuse(w, 400, "There is no such user or item.")
	}
}

func fail(w http.ResponseWriter, err error) {
	var cause *pgconn.PgError
	if errors.As(err, &cause) && strings.HasPrefix(cause.Code, "22") {
		// A text that is not UTF-8, for example.
		refuse(w, 400, "A value cannot be stored.")
	} else {
		log.Print(err)
		refuse(w, 500, "Something went wrong on our side.")
	}
}

func refuse(w http.ResponseWriter, status int, sentence string) {
	var body bytes.Buffer
	json.NewEncoder(&body).Encode(map[string]string{"errors": sentence})
	answer(w, status, body.Bytes())
}

func answer(w http.ResponseWriter, status int, body []byte) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	w.Write(body)
}
