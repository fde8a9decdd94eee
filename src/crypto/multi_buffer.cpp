#include "crypto/multi_buffer.hpp"

#ifdef BT2C_MULTI_BUFFER
#include <intel-ipsec-mb.h>

#include <memory>

namespace bt2c::crypto {
namespace {

struct FreeManager {
    void operator()(IMB_MGR* manager) const noexcept { free_mb_mgr(manager); }
};

}  // namespace

IMB_MGR* multi_buffer() {
    thread_local const std::unique_ptr<IMB_MGR, FreeManager> kept = [] {
        std::unique_ptr<IMB_MGR, FreeManager> made(alloc_mb_mgr(0));
        if (made) init_mb_mgr_auto(made.get(), nullptr);
        if (made && imb_get_errno(made.get()) != 0) made.reset();
        return made;
    }();
    return kept.get();
}

}  // namespace bt2c::crypto
#endif
