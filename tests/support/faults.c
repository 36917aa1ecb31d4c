/* Preloaded into a server under test: makes calls that write in a folder fail, and sets its wall clock.
 *
 * What is to fail is told by a file that both sides map into their memory, so that it is switched in a running server; its
 * layout is that of `struct control`, which faults.py writes. Calls that nothing is told about go to the C library.
 *
 * What librrd does decides what has to be caught: it makes a file by mkstemp, fwrite and rename, and updates it by open and
 * a shared mapping. What the C library calls within itself cannot be caught, hence fwrite beside write. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <semaphore.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timex.h>
#include <time.h>
#include <unistd.h>

enum { RULES = 8, PATH_BYTES = 480 };
enum { WRITE = 1, CREATE = 2, OPEN = 4, SYNC = 8, RENAME = 16, TRUNCATE = 32, MAP = 64, UNLINK = 128, SHORT = 256, READ = 512 };

struct rule {
    int32_t active, number; /* number: what errno becomes */
    uint64_t calls, hits;
    char folder[PATH_BYTES];
};
struct control {
    int64_t clock_offset_ns;
    struct rule rules[RULES];
};

static struct control *control;

#define REAL(type, name, ...)                                                                                                    \
    static type (*real)(__VA_ARGS__);                                                                                            \
    if (!real)                                                                                                                   \
    real = (type(*)(__VA_ARGS__))dlsym(RTLD_NEXT, name)

__attribute__((constructor)) static void begin(void) {
    const char *path = getenv("FAULTS_FILE");
    int descriptor = path ? (int)syscall(SYS_openat, AT_FDCWD, path, O_RDWR | O_CLOEXEC) : -1;
    if (descriptor < 0)
        return;
    void *mapped = (void *)syscall(SYS_mmap, 0, sizeof *control, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0);
    if (mapped != MAP_FAILED)
        control = mapped;
    syscall(SYS_close, descriptor);
}

/* The rule that lets a call on a path fail, or none. */
static struct rule *rule_for(uint64_t call, const char *path) {
    for (int each = 0; control && path && each < RULES; each++) {
        struct rule *rule = &control->rules[each];
        size_t length = strnlen(rule->folder, PATH_BYTES);
        if (__atomic_load_n(&rule->active, __ATOMIC_ACQUIRE) && rule->calls & call && !strncmp(path, rule->folder, length))
            return rule;
    }
    return NULL;
}

static int strike(struct rule *rule) {
    if (rule) {
        __atomic_add_fetch(&rule->hits, 1, __ATOMIC_RELAXED);
        errno = rule->number;
    }
    return rule != NULL;
}

static int fails(uint64_t call, const char *path) { return control && strike(rule_for(call, path)); }

static struct rule *rule_for_descriptor(uint64_t call, int descriptor) {
    char link[32], path[4096];
    if (!control || descriptor < 3)
        return NULL;
    snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
    ssize_t length = syscall(SYS_readlinkat, AT_FDCWD, link, path, sizeof path - 1);
    if (length <= 0)
        return NULL;
    path[length] = 0;
    return rule_for(call, path);
}

static int fails_on(uint64_t call, int descriptor) { return strike(rule_for_descriptor(call, descriptor)); }

/* -- opening and making ------------------------------------------------------------------------------ */

static int open_fails(const char *path, int flags) {
    if (!control || (flags & O_PATH) == O_PATH)
        return 0;
    if (flags & O_CREAT && syscall(SYS_faccessat, AT_FDCWD, path, F_OK) != 0 && fails(CREATE, path))
        return 1;
    return fails((flags & O_ACCMODE) == O_RDONLY ? READ : OPEN, path);
}

#define OPENER(name)                                                                                                             \
    int name(const char *path, int flags, ...) {                                                                                 \
        va_list arguments;                                                                                                       \
        va_start(arguments, flags);                                                                                              \
        mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(arguments, mode_t) : 0;                                             \
        va_end(arguments);                                                                                                       \
        REAL(int, #name, const char *, int, ...);                                                                                \
        return open_fails(path, flags) ? -1 : real(path, flags, mode);                                                           \
    }
#define OPENER_AT(name)                                                                                                          \
    int name(int folder, const char *path, int flags, ...) {                                                                     \
        va_list arguments;                                                                                                       \
        va_start(arguments, flags);                                                                                              \
        mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(arguments, mode_t) : 0;                                             \
        va_end(arguments);                                                                                                       \
        REAL(int, #name, int, const char *, int, ...);                                                                           \
        return open_fails(path, flags) ? -1 : real(folder, path, flags, mode);                                                   \
    }
#define MAKER(name, ...)                                                                                                         \
    int name(char *path) {                                                                                                       \
        REAL(int, #name, char *);                                                                                                \
        return fails(CREATE, path) ? -1 : real(path);                                                                            \
    }
OPENER(open)
OPENER(open64)
OPENER_AT(openat)
OPENER_AT(openat64)
MAKER(mkstemp)
MAKER(mkstemp64)

int mkdir(const char *path, mode_t mode) {
    REAL(int, "mkdir", const char *, mode_t);
    return fails(CREATE, path) ? -1 : real(path, mode);
}

/* -- writing ----------------------------------------------------------------------------------------- */

ssize_t write(int descriptor, const void *bytes, size_t count) {
    REAL(ssize_t, "write", int, const void *, size_t);
    struct rule *rule = rule_for_descriptor(WRITE, descriptor);
    if (rule && rule->calls & SHORT && count > 1 && rule->hits % 2 == 0) { /* as on a full disk: a part fits, then none */
        strike(rule);
        return real(descriptor, bytes, count / 2);
    }
    return strike(rule) ? -1 : real(descriptor, bytes, count);
}

#define WRITER(name, vector, size, ...)                                                                                          \
    ssize_t name(int descriptor, vector what, size count, off_t offset) {                                                        \
        REAL(ssize_t, #name, int, vector, size, off_t);                                                                          \
        return fails_on(WRITE, descriptor) ? -1 : real(descriptor, what, count, offset);                                         \
    }
struct iovec;
WRITER(pwrite, const void *, size_t)
WRITER(pwrite64, const void *, size_t)
WRITER(pwritev, const struct iovec *, int)

ssize_t writev(int descriptor, const struct iovec *parts, int count) {
    REAL(ssize_t, "writev", int, const struct iovec *, int);
    return fails_on(WRITE, descriptor) ? -1 : real(descriptor, parts, count);
}

size_t fwrite(const void *bytes, size_t size, size_t count, FILE *stream) {
    REAL(size_t, "fwrite", const void *, size_t, size_t, FILE *);
    return fails_on(WRITE, fileno(stream)) ? 0 : real(bytes, size, count, stream);
}

#define FALLOCATOR(name)                                                                                                         \
    int name(int descriptor, off_t offset, off_t length) {                                                                       \
        REAL(int, #name, int, off_t, off_t);                                                                                     \
        return fails_on(WRITE, descriptor) ? errno : real(descriptor, offset, length);                                           \
    }
FALLOCATOR(posix_fallocate)
FALLOCATOR(posix_fallocate64)

#define MAPPER(name)                                                                                                             \
    void *name(void *wish, size_t length, int access, int flags, int descriptor, off_t offset) {                                 \
        REAL(void *, #name, void *, size_t, int, int, int, off_t);                                                               \
        int writes = access & PROT_WRITE && flags & MAP_SHARED && !(flags & MAP_ANONYMOUS);                                      \
        return writes && fails_on(MAP, descriptor) ? MAP_FAILED : real(wish, length, access, flags, descriptor, offset);         \
    }
MAPPER(mmap)
MAPPER(mmap64)

/* -- the rest of a file's life ----------------------------------------------------------------------- */

#define ON_DESCRIPTOR(name, call)                                                                                                \
    int name(int descriptor) {                                                                                                   \
        REAL(int, #name, int);                                                                                                   \
        return fails_on(call, descriptor) ? -1 : real(descriptor);                                                               \
    }
#define TRUNCATER(name)                                                                                                          \
    int name(int descriptor, off_t length) {                                                                                     \
        REAL(int, #name, int, off_t);                                                                                            \
        return fails_on(TRUNCATE, descriptor) ? -1 : real(descriptor, length);                                                   \
    }
ON_DESCRIPTOR(fsync, SYNC)
ON_DESCRIPTOR(fdatasync, SYNC)
TRUNCATER(ftruncate)
TRUNCATER(ftruncate64)

int rename(const char *from, const char *to) {
    REAL(int, "rename", const char *, const char *);
    return fails(RENAME, to) ? -1 : real(from, to);
}

int renameat(int from_folder, const char *from, int to_folder, const char *to) {
    REAL(int, "renameat", int, const char *, int, const char *);
    return fails(RENAME, to) ? -1 : real(from_folder, from, to_folder, to);
}

int link(const char *from, const char *to) {
    REAL(int, "link", const char *, const char *);
    return fails(CREATE, to) ? -1 : real(from, to);
}

int linkat(int from_folder, const char *from, int to_folder, const char *to, int flags) {
    REAL(int, "linkat", int, const char *, int, const char *, int);
    return fails(CREATE, to) ? -1 : real(from_folder, from, to_folder, to, flags);
}

int unlink(const char *path) {
    REAL(int, "unlink", const char *);
    return fails(UNLINK, path) ? -1 : real(path);
}

int unlinkat(int folder, const char *path, int flags) {
    REAL(int, "unlinkat", int, const char *, int);
    return fails(UNLINK, path) ? -1 : real(folder, path, flags);
}

/* -- the wall clock ---------------------------------------------------------------------------------- */

static void shift(struct timespec *time_s, int64_t offset_ns) {
    int64_t total = (int64_t)time_s->tv_sec * 1000000000 + time_s->tv_nsec + offset_ns;
    time_s->tv_sec = total / 1000000000;
    time_s->tv_nsec = total % 1000000000;
}

int clock_gettime(clockid_t which, struct timespec *now) {
    REAL(int, "clock_gettime", clockid_t, struct timespec *);
    int status = real(which, now);
    if (!status && control && (which == CLOCK_REALTIME || which == CLOCK_REALTIME_COARSE))
        shift(now, control->clock_offset_ns);
    return status;
}

/* Nothing looks after this clock. */
int adjtimex(struct timex *told) {
    REAL(int, "adjtimex", struct timex *);
    int state = real(told);
    return state < 0 ? state : TIME_ERROR;
}

time_t time(time_t *where) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (where)
        *where = now.tv_sec;
    return now.tv_sec;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone) {
    struct timespec exact;
    (void)zone;
    clock_gettime(CLOCK_REALTIME, &exact);
    now->tv_sec = exact.tv_sec;
    now->tv_usec = exact.tv_nsec / 1000;
    return 0;
}

/* Older interpreters wait for locks until a time of the wall clock: the kernel's is another than the one they were told. */
int sem_timedwait(sem_t *restrict semaphore, const struct timespec *restrict until) {
    REAL(int, "sem_timedwait", sem_t *, const struct timespec *);
    struct timespec true_until = *until;
    if (control)
        shift(&true_until, -control->clock_offset_ns);
    return real(semaphore, &true_until);
}
