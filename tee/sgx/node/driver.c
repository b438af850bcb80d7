/* SPDX-License-Identifier: MIT */
#include "tee/sgx/node/driver.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

void *cw_sgx_vdso(void)
{
    void *vdso = dlopen("linux-vdso.so.1", RTLD_LAZY | RTLD_LOCAL | RTLD_NOLOAD);
    return vdso != NULL ? dlsym(vdso, "__vdso_sgx_enter_enclave") : NULL;
}

static int linux_open(void)
{
    return open("/dev/sgx_enclave", O_RDWR | O_CLOEXEC);
}

static int linux_ioctl(int file, unsigned long request, void *argument)
{
    return ioctl(file, request, argument);
}

static int linux_enter(struct cw_sgx_pass *pass)
{
    void *function = cw_sgx_vdso();
    return function != NULL ? cw_sgx_vdso_enter(pass, function) : -ENOSYS;
}

const struct cw_sgx_driver cw_sgx_linux = {
        .open = linux_open,
        .ioctl = linux_ioctl,
        .mmap = mmap,
        .munmap = munmap,
        .close = close,
        .enter = linux_enter,
};
