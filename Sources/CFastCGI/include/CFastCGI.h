// The accept loop in front of libfcgi. libfcgi parses and writes records; it never accepts, never
// closes and never sees a signal.
#ifndef CFASTCGI_H
#define CFASTCGI_H

#include <stddef.h>
#include <stdint.h>

#include <fcgiapp.h>

#define CFCGI_WAITING_MAX 16

enum cfcgi_event {
  CFCGI_REQUEST, // a request is open: read it, write it, finish it
  CFCGI_IDLE,    // nothing came within the time given
  CFCGI_STOP,    // SIGTERM, SIGUSR1 or cfcgi_leave: nothing is in hand, go
  CFCGI_FAILED,  // the listening socket is unusable; errno says why
};

struct cfcgi {
  int listener;
  int epoll;
  int signals; // where SIGTERM and SIGUSR1 are read, instead of being delivered
  FCGX_Request request;
  // Connections accepted before their first byte came. They wait here, not on the worker.
  struct {
    int fd;
    int64_t until;
  } waiting[CFCGI_WAITING_MAX];
  int waiting_count;
  int leaving;
  uint64_t stale;     // given up by nginx while it queued
  uint64_t silent;    // sent nothing for two seconds
  uint64_t malformed; // sent something that is no FastCGI request
};

// Blocks the stop signals. Call it first, before anything starts a thread or takes long.
int cfcgi_block_signals(void);

// Takes a listening socket and makes it non-blocking.
int cfcgi_open(struct cfcgi *self, int listener);
void cfcgi_close(struct cfcgi *self);

enum cfcgi_event cfcgi_next(struct cfcgi *self, int timeout_milliseconds);

// Takes no new connection from now on. cfcgi_next still returns the connections that were accepted.
void cfcgi_leave(struct cfcgi *self);

// NAME=value strings, ended by NULL, alive until cfcgi_finish.
char *const *cfcgi_parameters(const struct cfcgi *self);

// Up to capacity bytes of the body; 0 at its end or when it broke off (see cfcgi_body_broke).
int cfcgi_read(struct cfcgi *self, void *buffer, int capacity);
int cfcgi_body_broke(const struct cfcgi *self);

// Writes the whole answer; 0 if the peer took it. The connection is closed either way.
int cfcgi_finish(struct cfcgi *self, const void *head, int head_length, const void *body, int body_length);

#endif
