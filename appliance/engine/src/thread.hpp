// SPDX-License-Identifier: Apache-2.0
// A thread of the data plane: named, pinned if asked, memory locked and real-time where the
// system permits, and said so in the events where it does not.
#pragma once
#include <pthread.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/utsname.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "events.hpp"

namespace rtv {

struct ThreadWish {
  const char *name;     // at most 15 characters
  bool realtime = true;
  int priority = 50;    // SCHED_FIFO
  int cpu = -1;
};

// How much of its CPU a thread takes by waiting awake.
enum class Spin {
  never,
  gapped,  // it sleeps in the vertical blanking of every frame
  always,
};

// Whether a thread may be real-time without being stopped for tens of ms at once. By default
// (sched_rt_runtime_us) Linux keeps a twentieth of each second for other threads: before 6.12 by
// stopping real-time threads that took the rest, since then only where others starve, and a
// thread that sleeps in every blanking starves nobody for long.
inline bool may_be_realtime(Spin spin, long *runtime_us) {
  *runtime_us = 0;
  if (FILE *f = fopen("/proc/sys/kernel/sched_rt_runtime_us", "r")) {
    if (fscanf(f, "%ld", runtime_us) != 1) *runtime_us = 0;
    fclose(f);
  }
  if (spin == Spin::never || *runtime_us < 0) return true;
  utsname u{};
  int major = 0, minor = 0;
  if (uname(&u) != 0 || sscanf(u.release, "%d.%d", &major, &minor) != 2) return false;
  return spin == Spin::gapped && (major > 6 || (major == 6 && minor >= 12));
}

// Call first in the thread itself.
inline void dress_thread(const ThreadWish &w, Spin spin, Events &events) {
  pthread_setname_np(pthread_self(), w.name);
  prctl(PR_SET_TIMERSLACK, 1UL);
  if (w.cpu >= 0) {
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(static_cast<unsigned>(w.cpu), &set);
    if (int e = pthread_setaffinity_np(pthread_self(), sizeof set, &set))
      events.say(Severity::warning, "no-cpu", "%s: cannot stay on CPU %d: %s", w.name, w.cpu,
                 strerror(e));
  }
  if (!w.realtime) return;
  if (mlockall(MCL_CURRENT) != 0)
    events.say(Severity::warning, "no-memlock",
               "%s: memory not locked (%s); raise the memlock limit of this service", w.name,
               strerror(errno));
  long runtime = 0;
  if (!may_be_realtime(spin, &runtime)) {
    // On Linux a nice value is a thread's own.
    const bool favoured = setpriority(PRIO_PROCESS, 0, -20) == 0;
    events.say(Severity::info, "rt-throttle",
               "%s: %s, because kernel.sched_rt_runtime_us=%ld would stop it as a real-time "
               "thread for a part of each second; set -1 for tight pacing",
               w.name, favoured ? "nice -20" : "normal priority", runtime);
    return;
  }
  sched_param p{};
  p.sched_priority = w.priority;
  if (int e = pthread_setschedparam(pthread_self(), SCHED_FIFO, &p))
    events.say(Severity::warning, "no-realtime",
               "%s: no real-time priority (%s); give this service CAP_SYS_NICE or an rtprio limit",
               w.name, strerror(e));
}

}  // namespace rtv
