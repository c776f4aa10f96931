/* Stands between a program and the system, for tests: names every act by which something becomes durable
 * or leaves the process, kills the process at one of them, or lets one fail.
 *
 * DOUDI_SHIM_ARM      a file; while it is there, acts count
 * DOUDI_SHIM_UNDER    only files under this folder count
 * DOUDI_SHIM_SOCKETS  set: what is sent to a database server counts too
 * DOUDI_SHIM_LOG      a file: one line an act
 * DOUDI_SHIM_KILL     the number of the act before which the process is killed
 * DOUDI_SHIM_KILL_AFTER  the same, after it
 * DOUDI_SHIM_FAIL     kind:errno:first:last, counted by kind: w writes, s syncs, r renames
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

static pthread_mutex_t turn = PTHREAD_MUTEX_INITIALIZER;
static long acts;
static long of_kind[128];

#define REAL(name) \
    static __typeof__(&name) real; \
    if (!real) real = (__typeof__(&name))dlsym(RTLD_NEXT, #name)

static ssize_t real_write(int fd, const void *from, size_t size) {
    REAL(write);
    return real(fd, from, size);
}

static long number(const char *name) {
    const char *text = getenv(name);
    return text ? atol(text) : -1;
}

static void end_here(void) {
    kill(getpid(), SIGKILL);
    for (;;) pause();
}

/* What a simple question to PostgreSQL says; nothing of a question with values. */
static void question(char *out, size_t room, const unsigned char *from, size_t size) {
    snprintf(out, room, "values");
    if (size > 5 && from[0] == 'Q') {
        size_t at = 0;
        for (size_t i = 5; i < size && at + 1 < room && at < 24; i++) {
            unsigned char c = from[i];
            if (c < 32 || c > 126) break;
            out[at++] = c == ' ' ? '_' : (char)c;
        }
        out[at] = 0;
    }
}

/* The number of an act, 0 when it does not count; errno when it has to fail. */
static long step(char kind, const char *act, int fd, const char *path, const void *from, size_t size, int *fails) {
    *fails = 0;
    int saved = errno;
    const char *arm = getenv("DOUDI_SHIM_ARM");
    const char *under = getenv("DOUDI_SHIM_UNDER");
    if (!arm || !under || access(arm, F_OK) != 0) {
        errno = saved;
        return 0;
    }
    char link[64], file[PATH_MAX], said[PATH_MAX];
    if (!path) {
        snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
        ssize_t n = readlink(link, file, sizeof file - 1);
        errno = saved;
        if (n < 0) return 0;
        file[n] = 0;
        path = file;
    }
    if (strncmp(path, "socket:", 7) == 0) {
        if (!getenv("DOUDI_SHIM_SOCKETS")) return 0;
        kind = 'n';
        question(said, sizeof said, from, size);
    } else {
        if (strncmp(path, under, strlen(under)) != 0) return 0;
        const char *name = strrchr(path, '/');
        snprintf(said, sizeof said, "%s", name ? name + 1 : path);
    }
    pthread_mutex_lock(&turn);
    long n = ++acts;
    long m = ++of_kind[(int)kind];
    const char *log = getenv("DOUDI_SHIM_LOG");
    if (log) {
        char line[PATH_MAX + 64];
        int length = snprintf(line, sizeof line, "%c %s %s\n", kind, act, said);
        int out = open(log, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
        if (out >= 0) {
            if (real_write(out, line, (size_t)length) < 0) { /* the log is only a log */ }
            close(out);
        }
    }
    if (n == number("DOUDI_SHIM_KILL")) end_here();
    pthread_mutex_unlock(&turn);
    const char *fail = getenv("DOUDI_SHIM_FAIL");
    char of;
    int code;
    long first, last;
    if (fail && sscanf(fail, "%c:%d:%ld:%ld", &of, &code, &first, &last) == 4
        && of == kind && m >= first && m <= last) {
        *fails = code;
    }
    errno = saved;
    return n;
}

static void done(long n) {
    if (n > 0 && n == number("DOUDI_SHIM_KILL_AFTER")) end_here();
}

#define AROUND(kind, act, fd, path, from, size, call) \
    do { \
        int fails; \
        long n = step(kind, act, fd, path, from, size, &fails); \
        if (fails) { errno = fails; return -1; } \
        __typeof__(call) answer = call; \
        int saved = errno; \
        done(n); \
        errno = saved; \
        return answer; \
    } while (0)

ssize_t write(int fd, const void *from, size_t size) {
    AROUND('w', "write", fd, NULL, from, size, real_write(fd, from, size));
}

ssize_t writev(int fd, const struct iovec *parts, int many) {
    REAL(writev);
    const void *from = many > 0 ? parts[0].iov_base : NULL;
    size_t size = many > 0 ? parts[0].iov_len : 0;
    AROUND('w', "writev", fd, NULL, from, size, real(fd, parts, many));
}

ssize_t pwrite(int fd, const void *from, size_t size, off_t at) {
    REAL(pwrite);
    AROUND('w', "pwrite", fd, NULL, from, size, real(fd, from, size, at));
}

ssize_t pwrite64(int fd, const void *from, size_t size, off64_t at) {
    REAL(pwrite64);
    AROUND('w', "pwrite", fd, NULL, from, size, real(fd, from, size, at));
}

ssize_t send(int fd, const void *from, size_t size, int flags) {
    REAL(send);
    AROUND('n', "send", fd, NULL, from, size, real(fd, from, size, flags));
}

ssize_t sendmsg(int fd, const struct msghdr *message, int flags) {
    REAL(sendmsg);
    int some = message && message->msg_iovlen > 0;
    const void *from = some ? message->msg_iov[0].iov_base : NULL;
    size_t size = some ? message->msg_iov[0].iov_len : 0;
    AROUND('n', "send", fd, NULL, from, size, real(fd, message, flags));
}

int fsync(int fd) {
    REAL(fsync);
    AROUND('s', "sync", fd, NULL, NULL, 0, real(fd));
}

int fdatasync(int fd) {
    REAL(fdatasync);
    AROUND('s', "sync", fd, NULL, NULL, 0, real(fd));
}

int ftruncate(int fd, off_t size) {
    REAL(ftruncate);
    AROUND('t', "truncate", fd, NULL, NULL, 0, real(fd, size));
}

int ftruncate64(int fd, off64_t size) {
    REAL(ftruncate64);
    AROUND('t', "truncate", fd, NULL, NULL, 0, real(fd, size));
}

int rename(const char *from, const char *to) {
    REAL(rename);
    AROUND('r', "rename", -1, to, NULL, 0, real(from, to));
}

int unlink(const char *path) {
    REAL(unlink);
    AROUND('u', "unlink", -1, path, NULL, 0, real(path));
}
