#define _GNU_SOURCE
#include "CFastCGI.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static const int silence_milliseconds = 2000;
static const struct timeval receive_timeout = {.tv_sec = 2};
static const struct timeval send_timeout = {.tv_sec = 10};

static int64_t now_milliseconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int cfcgi_block_signals(void) {
  sigset_t blocked;
  sigemptyset(&blocked);
  const int signals[] = {SIGTERM, SIGUSR1, SIGINT, SIGHUP, SIGQUIT};
  for (size_t i = 0; i < sizeof signals / sizeof *signals; i++) sigaddset(&blocked, signals[i]);
  return pthread_sigmask(SIG_BLOCK, &blocked, NULL);
}

static int watch(const struct cfcgi *self, int fd, uint32_t events) {
  struct epoll_event event = {.events = events, .data.fd = fd};
  return epoll_ctl(self->epoll, EPOLL_CTL_ADD, fd, &event);
}

int cfcgi_open(struct cfcgi *self, int listener) {
  memset(self, 0, sizeof *self);
  self->listener = listener;
  self->epoll = self->signals = -1;
  if (cfcgi_block_signals() != 0) return -1;
  // FCGX_Init installs handlers of its own for PIPE, TERM and USR1. Blocked signals never reach them.
  if (FCGX_Init() != 0) return -1;
  signal(SIGPIPE, SIG_IGN);
  FCGX_InitRequest(&self->request, -1, 0);

  const int flags = fcntl(listener, F_GETFL);
  if (flags < 0 || fcntl(listener, F_SETFL, flags | O_NONBLOCK) < 0) return -1;
  sigset_t stops;
  sigemptyset(&stops);
  sigaddset(&stops, SIGTERM);
  sigaddset(&stops, SIGUSR1);
  self->epoll = epoll_create1(EPOLL_CLOEXEC);
  self->signals = signalfd(-1, &stops, SFD_CLOEXEC | SFD_NONBLOCK);
  if (self->epoll < 0 || self->signals < 0 || watch(self, self->signals, EPOLLIN) < 0) return -1;
  return watch(self, listener, EPOLLIN | EPOLLEXCLUSIVE);
}

void cfcgi_close(struct cfcgi *self) {
  while (self->waiting_count > 0) close(self->waiting[--self->waiting_count].fd);
  if (self->epoll >= 0) close(self->epoll);
  if (self->signals >= 0) close(self->signals);
  self->epoll = self->signals = -1;
}

static void keep_waiting(struct cfcgi *self, int fd) {
  if (self->waiting_count == CFCGI_WAITING_MAX || watch(self, fd, EPOLLIN | EPOLLRDHUP) < 0) {
    self->silent++;
    close(fd);
    return;
  }
  self->waiting[self->waiting_count].fd = fd;
  self->waiting[self->waiting_count++].until = now_milliseconds() + silence_milliseconds;
}

static void wait_no_longer(struct cfcgi *self, int fd) {
  epoll_ctl(self->epoll, EPOLL_CTL_DEL, fd, NULL);
  for (int i = 0; i < self->waiting_count; i++)
    if (self->waiting[i].fd == fd) self->waiting[i] = self->waiting[--self->waiting_count];
}

static int has_spoken(int fd) {
  struct pollfd peer = {.fd = fd, .events = POLLIN};
  return poll(&peer, 1, 0) > 0;
}

// A peer that sent something while this worker was busy is not silent, however long that was.
static void close_silent(struct cfcgi *self, int64_t now) {
  for (int i = self->waiting_count - 1; i >= 0; i--) {
    const int fd = self->waiting[i].fd;
    if (self->waiting[i].until > now || has_spoken(fd)) continue;
    self->silent++;
    wait_no_longer(self, fd);
    close(fd);
  }
}

// True if a request is open. The worker does not work for a peer that has already left.
static int begin(struct cfcgi *self, int fd) {
  struct pollfd peer = {.fd = fd, .events = POLLIN | POLLRDHUP};
  poll(&peer, 1, 0);
  if (peer.revents & (POLLRDHUP | POLLHUP | POLLERR)) {
    self->stale++;
    close(fd);
    return 0;
  }
  if (!(peer.revents & POLLIN)) {
    keep_waiting(self, fd);
    return 0;
  }
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &receive_timeout, sizeof receive_timeout);
  // keepConnection = 1 makes FCGX_Accept_r take ipcFd as it stands; detached = 1 makes its own
  // failure path close at once, instead of waiting two seconds for the peer (OS_Close).
  self->request.ipcFd = fd;
  self->request.keepConnection = 1;
  self->request.detached = 1;
  if (FCGX_Accept_r(&self->request) == 0) return 1;
  self->malformed++;
  return 0;
}

// Takes no more from the listener. The queue there belongs to the other workers.
static void leave(struct cfcgi *self) {
  if (self->leaving) return;
  self->leaving = 1;
  epoll_ctl(self->epoll, EPOLL_CTL_DEL, self->listener, NULL);
  epoll_ctl(self->epoll, EPOLL_CTL_DEL, self->signals, NULL);
}

enum cfcgi_event cfcgi_next(struct cfcgi *self, int timeout_milliseconds) {
  const int64_t until = now_milliseconds() + timeout_milliseconds;
  for (;;) {
    const int64_t now = now_milliseconds();
    if (self->waiting_count > 0) close_silent(self, now);
    // Accepted requests are served before leaving.
    if (self->leaving && self->waiting_count == 0) return CFCGI_STOP;
    if (!self->leaving && now > until) return CFCGI_IDLE;

    int64_t wake = until;
    for (int i = 0; i < self->waiting_count; i++)
      if (self->leaving || self->waiting[i].until < wake) wake = self->waiting[i].until;
    // Takes a few events at a time, so that a signal or a waiting peer is seen even if the listener is always ready,
    // and handles the listener last, because epoll may report events in the same order every time.
    struct epoll_event events[4];
    const int ready = epoll_wait(self->epoll, events, 4, wake > now ? (int)(wake - now) + 1 : 0);
    if (ready < 0 && errno != EINTR) return CFCGI_FAILED;
    int fd = -1;
    for (int i = 0; i < ready; i++) {
      struct signalfd_siginfo told;
      if (events[i].data.fd != self->signals) {
        if (fd < 0 || fd == self->listener) fd = events[i].data.fd;
      } else if (read(self->signals, &told, sizeof told) > 0) {
        leave(self);
      }
    }
    if (fd < 0 || (fd == self->listener && self->leaving)) continue;

    if (fd != self->listener) {
      wait_no_longer(self, fd);
    } else if ((fd = accept4(self->listener, NULL, NULL, SOCK_CLOEXEC)) < 0) {
      if (errno == EAGAIN || errno == EINTR || errno == ECONNABORTED) continue;
      return CFCGI_FAILED;
    }
    if (begin(self, fd)) return CFCGI_REQUEST;
  }
}

void cfcgi_leave(struct cfcgi *self) { leave(self); }

char *const *cfcgi_parameters(const struct cfcgi *self) { return self->request.envp; }

int cfcgi_read(struct cfcgi *self, void *buffer, int capacity) {
  return FCGX_GetStr(buffer, capacity, self->request.in);
}

int cfcgi_body_broke(const struct cfcgi *self) { return FCGX_GetError(self->request.in); }

int cfcgi_finish(struct cfcgi *self, const void *head, int head_length, const void *body, int body_length) {
  const int fd = self->request.ipcFd;
  // A short answer fits into the socket's buffer, so only a long one can wait for its reader.
  if (body_length > 32768) setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &send_timeout, sizeof send_timeout);
  // The last stream to be closed writes the end of the request; so that it leaves in one write with the
  // answer, that must be the output.
  FCGX_FClose(self->request.err);
  int failed = FCGX_PutStr(head, head_length, self->request.out) != head_length;
  if (body_length > 0) failed |= FCGX_PutStr(body, body_length, self->request.out) != body_length;
  failed |= FCGX_FClose(self->request.out);
  // Finishing would close the connection after a wait of up to two seconds; it is closed here instead.
  self->request.keepConnection = 1;
  self->request.detached = 1;
  FCGX_Finish_r(&self->request);
  if (self->request.ipcFd >= 0) close(fd);
  self->request.ipcFd = -1;
  return failed ? -1 : 0;
}
