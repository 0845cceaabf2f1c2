// SPDX-License-Identifier: Apache-2.0
// A thread of the data plane: named, pinned if asked, memory locked and real-time where the
// system permits, and said so in the events where it does not.
#pragma once
#include <pthread.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/prctl.h>

#include <cerrno>
#include <cstring>

#include "events.hpp"

namespace rtv {

struct ThreadWish {
  const char *name;     // at most 15 characters
  bool realtime = true;
  int priority = 50;    // SCHED_FIFO
  int cpu = -1;
};

// Call first in the thread itself. With the kernel's default throttle a SCHED_FIFO thread that
// spins is stopped 50 ms in every second, so a spinning one stays SCHED_OTHER unless the throttle
// is off; `spins` says which this is.
inline void dress_thread(const ThreadWish &w, bool spins, Events &events) {
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
  if (spins) {
    long runtime = 0;
    if (FILE *f = fopen("/proc/sys/kernel/sched_rt_runtime_us", "r")) {
      if (fscanf(f, "%ld", &runtime) != 1) runtime = 0;
      fclose(f);
    }
    if (runtime >= 0) {
      events.say(Severity::info, "rt-throttle",
                 "%s: stays at normal priority: kernel.sched_rt_runtime_us=%ld would stop a "
                 "spinning real-time thread; set -1 for tight pacing",
                 w.name, runtime);
      return;
    }
  }
  sched_param p{};
  p.sched_priority = w.priority;
  if (int e = pthread_setschedparam(pthread_self(), SCHED_FIFO, &p))
    events.say(Severity::warning, "no-realtime",
               "%s: no real-time priority (%s); give this service CAP_SYS_NICE or an rtprio limit",
               w.name, strerror(e));
}

}  // namespace rtv
