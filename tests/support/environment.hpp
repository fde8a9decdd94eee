#pragma once
// Environment variables of one test.

#include <cstdlib>
#include <optional>
#include <string>

namespace bt2c::support {

/// Sets a variable, or removes it (nullptr), and puts the old value back at the end.
class Variable {
 public:
    Variable(const char* name, const char* value) : name_(name) {
        if (const char* old = std::getenv(name)) old_ = old;
        set(value);
    }
    ~Variable() { set(old_ ? old_->c_str() : nullptr); }
    Variable(const Variable&) = delete;
    Variable& operator=(const Variable&) = delete;

 private:
    void set(const char* value) const {
        if (value)
            ::setenv(name_, value, 1);
        else
            ::unsetenv(name_);
    }
    const char* name_;
    std::optional<std::string> old_;
};

}  // namespace bt2c::support
