#pragma once
// The library that uses the widest registers of the processor. Inside crypto only.

#ifdef BT2C_MULTI_BUFFER
#include <intel-ipsec-mb.h>

namespace bt2c::crypto {

/// This thread's own; null where the processor is not one that the library knows.
IMB_MGR* multi_buffer();

}  // namespace bt2c::crypto
#endif
