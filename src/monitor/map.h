/* SPDX-License-Identifier: MIT */
/* Memory as a picture in letters: 64 cells a line, a letter a cell. */
#ifndef MONITOR_MAP_H
#define MONITOR_MAP_H

/* The frame bitmap, a cell for some frames. */
void map_frames(void);
/* The heap, a cell for some bytes, as the allocators' walks report it. */
void map_heap(void);

#endif
