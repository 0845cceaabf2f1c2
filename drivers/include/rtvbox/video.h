/* SPDX-License-Identifier: Apache-2.0
 *
 * What a card and the engine say to each other: frames, sources and sinks as tables of
 * functions. Plain C, so that a card family is its own module, built without the engine.
 *
 * Times are integer nanoseconds: `tai` on CLOCK_TAI (epoch 1970-01-01 TAI), time-outs relative.
 *
 * Ownership. A frame is counted. Whoever receives a frame from a function owns one reference
 * and gives it back with rtv_frame_unref; whoever passes a frame to a function keeps its own.
 * The memory belongs to the pool that made the frame and returns there with the last reference.
 * A frame that somebody else may still read is never written again, with one exception: a frame
 * handed on in slices grows below `lines_ready`, never above it.
 */
#ifndef RTVBOX_VIDEO_H
#define RTVBOX_VIDEO_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define RTV_ABI 2u

/* Names of the Python capsules that carry the tables. */
#define RTV_SOURCE_CAPSULE "rtvbox.source.1"
#define RTV_SINK_CAPSULE "rtvbox.sink.1"
#define RTV_FRAME_CAPSULE "rtvbox.frame.1" /* owns one reference */

/* How samples lie in memory, as real cards give them. */
enum rtv_layout {
  RTV_V210 = 1,     /* 4:2:2 10 bit, 6 pixels in 16 bytes little-endian, row a multiple of 128 */
  RTV_UYVY = 2,     /* 4:2:2 8 bit, Cb Y Cr Y */
  RTV_PLANAR16 = 3, /* three planes of uint16, value in the low bits: Y Cb Cr, or R G B */
};

enum rtv_sampling { RTV_422 = 1, RTV_444 = 2, RTV_RGB = 3 };
enum rtv_scan { RTV_PROGRESSIVE = 0, RTV_INTERLACED = 1 /* first field = even rows */, RTV_PSF = 2 };

typedef struct rtv_format {
  uint32_t width, height;      /* the frame's raster, both fields of it */
  uint32_t rate_num, rate_den; /* frames (not fields) a second, lowest terms */
  uint8_t sampling, depth, scan, layout;
  uint8_t colorimetry; /* 1 BT601, 2 BT709, 3 BT2020 */
  uint8_t full_range;  /* 0 narrow, 1 full */
  uint8_t reserved[2];
} rtv_format;

/* The state of an input's signal; what a frame shows is live only when LOCKED. */
enum rtv_signal {
  RTV_SIGNAL_ABSENT = 0,
  RTV_SIGNAL_UNLOCKED = 1,
  RTV_SIGNAL_LOCKED = 2,
  RTV_SIGNAL_MISMATCH = 3,    /* locked to another format than the configured one */
  RTV_SIGNAL_UNSUPPORTED = 4, /* a format that this card or this engine cannot carry */
  RTV_SIGNAL_GONE = 5,        /* the card was unplugged or its driver died */
};

/* Marks on a frame. A receiver's frame carries what happened to it on the way. */
enum rtv_frame_flag {
  RTV_CONCEALED = 1u << 0,   /* some packets were lost; their place shows the frame before */
  RTV_LATE = 1u << 1,        /* complete only after its presentation time */
  RTV_REPEATED = 1u << 2,    /* shown again for want of a newer one */
  RTV_SLATE = 1u << 3,       /* not a live picture: held or drawn, and says so in the picture */
  RTV_NO_METADATA = 1u << 4, /* no grain with this frame's timestamp arrived in time */
  RTV_NO_PATIENT = 1u << 5,  /* no static part confirmed for this frame's instance yet */
  RTV_NO_LOCK = 1u << 6,     /* made while the media clock was not locked */
};

/* A packet of ancillary data (SMPTE ST 291-1) that stands in a frame's blanking. */
typedef struct rtv_anc {
  uint8_t did, sdid;   /* sdid: the data block number in packets of type 1 */
  uint8_t stream;      /* data stream index: 0 luma or the only one, 1 chroma */
  uint8_t words;       /* user data words */
  uint32_t line;       /* of the interface; 0 not told */
  const uint8_t *data; /* the words without parity, 8 bit each */
} rtv_anc;

typedef struct rtv_frame rtv_frame;
struct rtv_frame {
  uint32_t abi;
  uint32_t refs; /* atomic; use rtv_frame_ref and rtv_frame_unref */
  void (*release)(rtv_frame *); /* called with the last reference: back to the pool */
  void *owner;

  rtv_format format;
  uint8_t *plane[3];  /* V210 and UYVY use only the first */
  uint32_t stride[3]; /* bytes from row to row */
  size_t bytes;       /* of the whole allocation behind plane[0] */

  uint64_t sequence;    /* counted by the card; a gap is a frame lost before the hand-over */
  int64_t capture_tai;  /* start of the frame's raster (ST 2059-1 sense), as the card saw it */
  uint32_t signal;      /* enum rtv_signal */
  uint32_t generation;  /* of the format; changes with every format change */
  uint32_t flags;       /* enum rtv_frame_flag */
  uint32_t lines_ready; /* atomic; rows valid from the top; == format.height when whole.
                           Interlaced frames are handed on whole. */
  /* Embedded sound of this frame, or NULL. Interleaved, value in the high bits. */
  const int32_t *audio;
  uint32_t audio_samples, audio_channels;

  /* Receivers only: what came with the picture. */
  int64_t origin_tai;      /* capture at the sender (frame origin timestamp); 0 unknown */
  int64_t presented_tai;   /* when the receiver handed it to the sink; 0 before */
  uint32_t rtp_timestamp;  /* of the video flow */
  uint32_t static_id;      /* which static part belongs to it; 0 none */
  const uint8_t *metadata; /* this frame's own dynamic part and meta information */
  uint32_t metadata_bytes;

  /* Ancillary data of this frame, in the order of its lines, or NULL. */
  uint32_t anc_count;
  const rtv_anc *anc;
};

static inline rtv_frame *rtv_frame_ref(rtv_frame *f) {
  __atomic_fetch_add(&f->refs, 1u, __ATOMIC_RELAXED);
  return f;
}
static inline void rtv_frame_unref(rtv_frame *f) {
  if (f && __atomic_sub_fetch(&f->refs, 1u, __ATOMIC_ACQ_REL) == 0u) f->release(f);
}
static inline uint32_t rtv_lines_ready(const rtv_frame *f) {
  return __atomic_load_n(&f->lines_ready, __ATOMIC_ACQUIRE);
}
static inline void rtv_set_lines_ready(rtv_frame *f, uint32_t n) {
  __atomic_store_n(&f->lines_ready, n, __ATOMIC_RELEASE);
}

enum rtv_result {
  RTV_OK = 0,
  RTV_TIMEOUT = 1,
  RTV_SIGNAL_CHANGED = 2, /* no frame: the signal's state changed (loss, return, mismatch) */
  RTV_FORMAT_CHANGED = 3, /* no frame: later frames have event.format and a new generation */
  RTV_GONE = 4,           /* unplugged; every later call says so too, until a new start works */
  RTV_REFUSED = -1,       /* a format or option that this card cannot do; see error() */
  RTV_BROKEN = -2,        /* the driver failed; see error() */
};

typedef struct rtv_event {
  rtv_frame *frame; /* with RTV_OK: one reference for the caller */
  rtv_format format;
  uint32_t signal;
  uint32_t generation;
  int64_t tai; /* when it happened */
} rtv_event;

/* A source of frames. One consumer thread calls next and wait_lines. A slow consumer loses the
 * oldest frames, counted by the gap in `sequence`; the card is never held up. */
typedef struct rtv_source {
  uint32_t abi, size;
  void *self;
  void (*retain)(void *self);  /* tables live as long as somebody retains them */
  void (*release)(void *self);
  int (*start)(void *self, int slices); /* slices: hand frames on before they are whole */
  int (*next)(void *self, int64_t timeout_ns, rtv_event *event);
  /* Waits until `lines` rows of a frame from next are ready. RTV_OK, RTV_TIMEOUT or RTV_GONE. */
  int (*wait_lines)(void *self, rtv_frame *frame, uint32_t lines, int64_t timeout_ns);
  void (*stop)(void *self); /* idempotent; frames handed out stay valid */
  /* One line for a person; valid until the next call. */
  const char *(*error)(void *self);
} rtv_source;

/* A sink of frames. submit hands a frame over for presentation at due_tai; the sink takes its
 * own reference if it keeps it. With slices the frame may still grow below lines_ready. Never
 * blocks longer than one frame. */
typedef struct rtv_sink {
  uint32_t abi, size;
  void *self;
  void (*retain)(void *self);
  void (*release)(void *self);
  int (*start)(void *self, const rtv_format *format, int slices);
  int (*submit)(void *self, rtv_frame *frame, int64_t due_tai);
  void (*stop)(void *self); /* shows or drops what is queued, then returns; idempotent */
  const char *(*error)(void *self);
} rtv_sink;

#ifdef __cplusplus
}
#endif
#endif
