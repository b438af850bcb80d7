/* SPDX-License-Identifier: MIT */
/* Ports on this machine: free, or held by whom. */
#include <dirent.h>
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "deploy/doctor.h"
#include "deploy/memory.h"
#include "posix/log.h"
#include "posix/net.h"

#define LISTENS 0x0aul /* in /proc/net/tcp */

/* The inode of the socket that listens at a port, or 0. */
static unsigned long listener_of(const char *table, uint16_t port)
{
    FILE *f = fopen(table, "re");
    char line[512];
    unsigned long found = 0;
    while (f != NULL && found == 0 && fgets(line, sizeof line, f) != NULL) {
        unsigned long local_port;
        unsigned long state;
        unsigned long inode;
        if (sscanf(line, " %*[0-9]: %*[0-9A-Fa-f]:%lx %*[0-9A-Fa-f]:%*x %lx %*x:%*x %*x:%*x %*x "
                         "%*u %*u %lu",
                    &local_port, &state, &inode) == 3 &&
                local_port == port && state == LISTENS) {
            found = inode;
        }
    }
    if (f != NULL) {
        fclose(f);
    }
    return found;
}

/* Has the process this socket open? */
static bool holds(const char *pid, unsigned long inode)
{
    char wanted[64];
    snprintf(wanted, sizeof wanted, "socket:[%lu]", inode);
    char *folder = cw_memory_format("/proc/%s/fd", pid);
    DIR *files = opendir(folder);
    bool is_found = false;
    for (struct dirent *e = NULL; files != NULL && !is_found && (e = readdir(files)) != NULL;) {
        char link[64];
        const ssize_t len = readlinkat(dirfd(files), e->d_name, link, sizeof link - 1);
        if (len > 0) {
            link[len] = '\0';
            is_found = strcmp(link, wanted) == 0;
        }
    }
    if (files != NULL) {
        closedir(files);
    }
    free(folder);
    return is_found;
}

/* "causeway-node (process 12)", or "another user's process". */
static void find_holder(uint16_t port, char *ret_text, size_t cap)
{
    unsigned long inode = listener_of("/proc/net/tcp", port);
    if (inode == 0) {
        inode = listener_of("/proc/net/tcp6", port);
    }
    snprintf(ret_text, cap, "a process of another user");
    DIR *processes = inode == 0 ? NULL : opendir("/proc");
    for (struct dirent *e; processes != NULL && (e = readdir(processes)) != NULL;) {
        if (e->d_name[strspn(e->d_name, "0123456789")] != '\0' || !holds(e->d_name, inode)) {
            continue;
        }
        char name[64] = "?";
        char *path = cw_memory_format("/proc/%s/comm", e->d_name);
        FILE *f = fopen(path, "re");
        if (f != NULL && fgets(name, sizeof name, f) != NULL) {
            name[strcspn(name, "\n")] = '\0';
        }
        if (f != NULL) {
            fclose(f);
        }
        free(path);
        cw_log_clean(name, "");
        snprintf(ret_text, cap, "%s (process %s)", name, e->d_name);
        break;
    }
    if (processes != NULL) {
        closedir(processes);
    }
}

typedef enum port_state {
    PORT_FREE,
    PORT_HELD,
    PORT_ELSEWHERE, /* not an address of this machine, or not for this user */
} port_state;

static port_state try_port(const char *address, uint16_t *ret_port)
{
    struct cw_net_address a;
    char host[CW_NET_HOST_CAP];
    if (cw_net_split(address, host, ret_port) != CW_OK || cw_net_resolve(address, &a) != CW_OK) {
        return PORT_ELSEWHERE;
    }
    const int fd = socket(a.storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int on = 1;
    if (fd < 0) {
        return PORT_ELSEWHERE;
    }
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    const bool is_free = bind(fd, (struct sockaddr *)&a.storage, a.len) == 0;
    const bool is_held = !is_free && errno == EADDRINUSE;
    close(fd);
    return is_free ? PORT_FREE : is_held ? PORT_HELD : PORT_ELSEWHERE;
}

/* A node that does not answer: is somebody else there? */
static void look_at_node(struct cw_doctor *d, const struct cw_survey *s)
{
    uint16_t port = 0;
    char holder[512];
    const port_state state = try_port(s->address, &port);
    if (state == PORT_FREE) {
        const struct cw_owner_local *local = s->node->backend->local;
        char *platform = local == NULL ? cw_memory_text("")
                                       : cw_memory_format(" --platform %.*s=PATH",
                                                 (int)strcspn(local->platform, "="), local->platform);
        char *remedy = cw_memory_format("`causeway-node --name %s --listen %s --tee %s%s --owner "
                                        "\"$(causeway key show)\"`",
                s->node->name.value, s->address, s->node->tee.value, platform);
        free(platform);
        cw_doctor_say(d, CW_DOCTOR_WARNING, "port", remedy, "%s is free: nothing listens there yet",
                s->address);
        free(remedy);
    } else if (state == PORT_HELD) {
        find_holder(port, holder, sizeof holder);
        cw_doctor_say(d, CW_DOCTOR_ERROR, "port", "end it, or give the node another address",
                "%s is held by %s, which is no node that answers", s->address, holder);
    }
}

static bool is_loaded(const struct cw_survey *s, const char *module)
{
    size_t i;
    json_t *m;
    json_array_foreach (json_object_get(s->status, "modules"), i, m) {
        const char *name = json_string_value(json_object_get(m, "name"));
        if (name != NULL && strcmp(name, module) == 0) {
            return true;
        }
    }
    return false;
}

/* A module that will be served here, and is not yet. */
static void look_at_serve(struct cw_doctor *d, const struct cw_descriptor_module *m)
{
    const struct cw_survey *s = &d->surveys[m->node - d->app->d.nodes];
    struct cw_net_address a;
    const bool is_here = m->node->is_local ||
            (cw_net_parse(s->address, &a) == CW_OK &&
                    cw_net_is_loopback((struct sockaddr *)&a.storage));
    uint16_t port = 0;
    if (m->serve.value == NULL || !is_here || is_loaded(s, m->name.value)) {
        return;
    }
    char holder[512];
    switch (try_port(m->serve.value, &port)) {
    case PORT_FREE:
        cw_doctor_say(d, CW_DOCTOR_OK, "port", NULL, "%s is free for module %s", m->serve.value,
                m->name.value);
        break;
    case PORT_HELD:
        find_holder(port, holder, sizeof holder);
        cw_doctor_say(d, CW_DOCTOR_ERROR, "port", "end it, or change \"serve\" in the descriptor",
                "%s, where module %s is to be served, is held by %s", m->serve.value, m->name.value,
                holder);
        break;
    case PORT_ELSEWHERE:
        break;
    }
}

void cw_doctor_ports(struct cw_doctor *d)
{
    if (d->surveys == NULL) {
        return;
    }
    for (size_t i = 0; i < d->app->d.node_count; i++) {
        if (d->surveys[i].state == CW_SURVEY_AWAY) {
            look_at_node(d, &d->surveys[i]);
        }
    }
    for (size_t i = 0; i < d->app->d.module_count; i++) {
        look_at_serve(d, &d->app->d.modules[i]);
    }
}
