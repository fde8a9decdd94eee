#pragma once
// The XML documents that an S3 service sends, as far as they are used. All of them are input.

#include <string>
#include <string_view>
#include <vector>

#include "storage/location.hpp"

namespace bt2c::storage::s3 {

/// What a service says with an error status; both empty where it says nothing that can be read.
struct ServiceError {
    std::string code;     ///< such as "NoSuchKey": letters and digits only
    std::string message;  ///< for people; at most 300 bytes, printable
};
ServiceError parse_error(std::string_view xml);

/// One page of ListObjectsV2.
struct ListPage {
    std::vector<ObjectInfo> objects;  ///< names are whole keys
    bool truncated = false;
    std::string next;  ///< the token that goes on; empty unless truncated
};
/// Throws Error(failed) for what is no such page.
ListPage parse_list(std::string_view xml);

/// The id of an upload in parts that a service has begun. Throws Error(failed) where there is none.
std::string parse_upload_id(std::string_view xml);

/// Whether GetObjectLockConfiguration's answer says that the bucket has it.
bool says_object_lock(std::string_view xml);

}  // namespace bt2c::storage::s3
