#pragma once
// The library that uses the widest registers of the processor. Inside crypto only, and where the build has
// it.

struct IMB_MGR;

namespace bt2c::crypto {

/// This thread's own; null where the processor is not one that the library knows.
IMB_MGR* multi_buffer();

}  // namespace bt2c::crypto
