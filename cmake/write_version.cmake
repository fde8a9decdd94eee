# Writes OUTPUT, the definition of bt2c::cli::version(), when it would change: run at every build with
# -DSOURCE_DIR= -DOUTPUT= -DVERSION=.
execute_process(COMMAND git -C ${SOURCE_DIR} describe --always --dirty --match "v*"
                OUTPUT_VARIABLE commit OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET RESULT_VARIABLE failed)
# A tarball has no history, and a folder inside somebody else's working copy has the wrong one.
if(failed OR NOT EXISTS ${SOURCE_DIR}/.git OR commit STREQUAL "v${VERSION}")
    set(text "${VERSION}")
else()
    set(text "${VERSION} (${commit})")
endif()
set(content "#include \"cli/version.hpp\"

namespace bt2c::cli {

std::string_view version() noexcept {
    return \"${text}\";
}

}  // namespace bt2c::cli
")
set(old "")
if(EXISTS ${OUTPUT})
    file(READ ${OUTPUT} old)
endif()
if(NOT old STREQUAL content)
    file(WRITE ${OUTPUT} "${content}")
endif()
