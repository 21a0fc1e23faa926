// Generated from protocol/schema.json by protocol/generate.py. Do not edit.
// Definitions of the wire protocol: numbers, limits, message and blob layouts.

function freeze(value) {
  if (value !== null && typeof value === 'object') {
    for (const item of Object.values(value)) freeze(item);
    Object.freeze(value);
  }
  return value;
}

export const PROTOCOL_VERSION = 1;
export const SUBPROTOCOL = "emoga.v1";
export const TOKEN_SUBPROTOCOL_PREFIX = "emoga.token.";
export const HEADER_SIZE = 16;
export const FRAME_PREFIX_SIZE = 16;
export const FRAME_MAX_INTEGER = 32767;
export const BLOB_MAGIC = "EMGB";
export const BLOB_VERSION = 1;
export const BLOB_PREFIX_SIZE = 16;

/** Message numbers. */
export const MessageType = freeze({
  "HELLO": 1,
  "WELCOME": 2,
  "MANIFEST": 3,
  "BLOB_GET": 4,
  "BLOB_CHUNK": 5,
  "STATE_PUT": 6,
  "STATE_COMMIT": 7,
  "FRAME": 8,
  "FRAME_ACK": 9,
  "COMMAND": 10,
  "RESULT": 11,
  "ERROR": 12,
  "JOB_PROGRESS": 13,
  "PING": 14,
  "PONG": 15,
  "STATUS": 16,
  "BYE": 17,
  "JOB_PICTURE": 18,
});

/** Codes of ERROR and BYE. */
export const ErrorCode = freeze({
  "BAD_MESSAGE": 1,
  "UNSUPPORTED_VERSION": 2,
  "UNAUTHORIZED": 3,
  "NOT_FOUND": 4,
  "INVALID_ARGUMENT": 5,
  "RATE_LIMITED": 6,
  "TOO_LARGE": 7,
  "BUSY": 8,
  "UNSUPPORTED": 9,
  "INTERNAL": 10,
  "JOB_FAILED": 11,
  "CANCELLED": 12,
  "RESYNC": 13,
});

/** Bits of HELLO and WELCOME. */
export const Capability = freeze({"HTTP_BLOBS": 1, "INLINE_STATES": 2, "EDIT": 4, "JOB_PICTURES": 8});

/** Bits in the header of FRAME. */
export const FrameFlag = freeze({"CUT": 1});

/** Bounds that every implementation checks before it allocates. */
export const Limits = freeze({
  "MAX_INBOUND_BYTES": 65536,
  "MAX_MESSAGE_BYTES": 67108864,
  "MAX_BLOB_BYTES": 268435456,
  "BLOB_CHUNK_BYTES": 262144,
  "MAX_ITEMS": 4096,
  "MAX_DEPTH": 16,
  "MAX_BUFFERS": 16,
  "MAX_SPLATS": 4194304,
  "MAX_VERTICES": 1048576,
  "MAX_TRIANGLES": 2097152,
  "MAX_COMPONENTS": 1024,
  "MAX_JOINTS": 64,
  "MAX_STATES": 256,
  "MAX_FRAME_COEFFICIENTS": 2048,
  "ACK_EVERY_FRAMES": 4,
  "ACK_EVERY_MS": 50,
  "MAX_MESSAGES_PER_SECOND": 50,
  "MAX_MESSAGE_BURST": 100,
});

/** Name -> polynomial (lowest power first) below one half, and from there on. */
export const EASINGS = freeze({
  "linear": [[0.0, 1.0], [0.0, 1.0]],
  "smoothstep": [[0.0, 0.0, 3.0, -2.0], [0.0, 0.0, 3.0, -2.0]],
  "smootherstep": [[0.0, 0.0, 0.0, 10.0, -15.0, 6.0], [0.0, 0.0, 0.0, 10.0, -15.0, 6.0]],
  "ease_in": [[0.0, 0.0, 1.0], [0.0, 0.0, 1.0]],
  "ease_out": [[0.0, 2.0, -1.0], [0.0, 2.0, -1.0]],
  "cubic_in": [[0.0, 0.0, 0.0, 1.0], [0.0, 0.0, 0.0, 1.0]],
  "cubic_out": [[0.0, 3.0, -3.0, 1.0], [0.0, 3.0, -3.0, 1.0]],
  "cubic_in_out": [[0.0, 0.0, 0.0, 4.0], [-3.0, 12.0, -12.0, 4.0]],
});

/** Name -> fields. */
export const STRUCTS = freeze({
  "BlobRef": [{"name": "sha256", "type": "sha256"}, {"name": "size", "type": "u32"}, {"name": "kind", "type": "str"}],
  "HeadInfo": [{"name": "name", "type": "str"}, {"name": "version", "type": "str"}, {"name": "hash", "type": "str"}, {"name": "licence", "type": "str"}, {"name": "credit", "type": "str"}, {"name": "redistributable", "type": "bool"}, {"name": "expression_names", "type": "list<str>?", "default": null}, {"name": "expression_range", "type": "list<f32>?", "default": null}],
  "Counts": [{"name": "splats", "type": "u32"}, {"name": "vertices", "type": "u32"}, {"name": "triangles", "type": "u32"}, {"name": "expressions", "type": "u32"}, {"name": "joints", "type": "u32"}, {"name": "sh_degree", "type": "u8"}],
  "FrameField": [{"name": "name", "type": "str"}, {"name": "offset", "type": "u16"}, {"name": "count", "type": "u16"}, {"name": "scale", "type": "f64"}],
  "FrameLayout": [{"name": "revision", "type": "u16"}, {"name": "fields", "type": "list<FrameField>"}],
  "StateInfo": [{"name": "slot", "type": "u16"}, {"name": "name", "type": "str"}, {"name": "valence", "type": "f32", "default": 0}, {"name": "arousal", "type": "f32", "default": 0}, {"name": "revision", "type": "u32", "default": 1}, {"name": "blob", "type": "BlobRef"}, {"name": "prompt", "type": "str", "default": ""}, {"name": "editor", "type": "str", "default": ""}],
  "MotionInfo": [{"name": "name", "type": "str"}, {"name": "fps", "type": "f32"}, {"name": "frames", "type": "u32"}, {"name": "duration", "type": "f32"}],
  "AvatarInfo": [{"name": "slot", "type": "u16"}, {"name": "name", "type": "str"}, {"name": "title", "type": "str", "default": ""}, {"name": "head", "type": "HeadInfo"}, {"name": "counts", "type": "Counts"}, {"name": "head_blob", "type": "BlobRef"}, {"name": "splats_blob", "type": "BlobRef"}, {"name": "states", "type": "list<StateInfo>"}, {"name": "motions", "type": "list<MotionInfo>"}, {"name": "layout", "type": "FrameLayout"}, {"name": "state_revision", "type": "u32", "default": 0}],
  "EditStarted": [{"name": "job", "type": "u32"}, {"name": "state", "type": "str"}, {"name": "reading", "type": "str"}, {"name": "position", "type": "u16", "default": 0}],
  "PromptInfo": [{"name": "reading", "type": "str"}, {"name": "action_units", "type": "map<f32>"}, {"name": "unknown", "type": "list<str>"}, {"name": "name", "type": "str"}, {"name": "valence", "type": "f32"}, {"name": "arousal", "type": "f32"}],
  "EditorInfo": [{"name": "name", "type": "str"}, {"name": "title", "type": "str"}, {"name": "ready", "type": "bool"}, {"name": "default", "type": "bool"}, {"name": "note", "type": "str", "default": ""}],
  "StateVersion": [{"name": "version", "type": "u32"}, {"name": "time", "type": "u64"}, {"name": "prompt", "type": "str", "default": ""}, {"name": "editor", "type": "str", "default": ""}, {"name": "current", "type": "bool"}],
  "IdleSettings": [{"name": "enabled", "type": "bool", "default": true}, {"name": "blinks", "type": "f32", "default": 1}, {"name": "breathing", "type": "f32", "default": 1}, {"name": "micro_motion", "type": "f32", "default": 1}, {"name": "gaze", "type": "f32", "default": 1}],
});

/** Number -> name, raw buffers allowed, fields. */
export const MESSAGES = freeze({
  "1": {"name": "HELLO", "binary": false, "buffers": [0, 0], "fields": [{"name": "versions", "type": "list<u8>"}, {"name": "client", "type": "str", "default": ""}, {"name": "capabilities", "type": "u32", "default": 0}]},
  "2": {"name": "WELCOME", "binary": false, "buffers": [0, 0], "fields": [{"name": "version", "type": "u8"}, {"name": "server", "type": "str", "default": ""}, {"name": "session", "type": "str", "default": ""}, {"name": "capabilities", "type": "u32", "default": 0}, {"name": "time", "type": "u64"}, {"name": "fps", "type": "f32"}]},
  "3": {"name": "MANIFEST", "binary": false, "buffers": [0, 0], "fields": [{"name": "revision", "type": "u32"}, {"name": "avatars", "type": "list<AvatarInfo>"}]},
  "4": {"name": "BLOB_GET", "binary": false, "buffers": [0, 0], "fields": [{"name": "sha256", "type": "sha256"}, {"name": "offset", "type": "u32", "default": 0}, {"name": "length", "type": "u32?", "default": null}, {"name": "id", "type": "u32?", "default": null}]},
  "5": {"name": "BLOB_CHUNK", "binary": false, "buffers": [1, 1], "fields": [{"name": "sha256", "type": "sha256"}, {"name": "offset", "type": "u32"}, {"name": "size", "type": "u32"}]},
  "6": {"name": "STATE_PUT", "binary": false, "buffers": [0, 1], "fields": [{"name": "avatar", "type": "u16"}, {"name": "state", "type": "StateInfo"}, {"name": "provisional", "type": "bool", "default": false}]},
  "7": {"name": "STATE_COMMIT", "binary": false, "buffers": [0, 0], "fields": [{"name": "avatar", "type": "u16"}, {"name": "state", "type": "StateInfo"}, {"name": "state_revision", "type": "u32"}]},
  "8": {"name": "FRAME", "binary": true, "buffers": [0, 0], "fields": []},
  "9": {"name": "FRAME_ACK", "binary": true, "buffers": [0, 0], "fields": []},
  "10": {"name": "COMMAND", "binary": false, "buffers": [0, 0], "fields": [{"name": "id", "type": "u32"}, {"name": "name", "type": "str"}, {"name": "arguments", "type": "map<any>", "default": {}}]},
  "11": {"name": "RESULT", "binary": false, "buffers": [0, 0], "fields": [{"name": "id", "type": "u32"}, {"name": "value", "type": "any", "default": null}]},
  "12": {"name": "ERROR", "binary": false, "buffers": [0, 0], "fields": [{"name": "id", "type": "u32?", "default": null}, {"name": "code", "type": "u16"}, {"name": "message", "type": "str"}, {"name": "retryable", "type": "bool", "default": false}]},
  "13": {"name": "JOB_PROGRESS", "binary": false, "buffers": [0, 0], "fields": [{"name": "job", "type": "u32"}, {"name": "kind", "type": "str", "default": ""}, {"name": "stage", "type": "str", "default": ""}, {"name": "progress", "type": "f32"}, {"name": "message", "type": "str", "default": ""}, {"name": "seconds_left", "type": "f32?", "default": null}, {"name": "avatar", "type": "u16?", "default": null}, {"name": "state", "type": "str", "default": ""}, {"name": "prompt", "type": "str", "default": ""}, {"name": "position", "type": "u16", "default": 0}, {"name": "done", "type": "u32", "default": 0}, {"name": "total", "type": "u32", "default": 0}, {"name": "step", "type": "u32", "default": 0}, {"name": "steps", "type": "u32", "default": 0}, {"name": "loss", "type": "f32?", "default": null}]},
  "14": {"name": "PING", "binary": false, "buffers": [0, 0], "fields": [{"name": "time", "type": "u64"}]},
  "15": {"name": "PONG", "binary": false, "buffers": [0, 0], "fields": [{"name": "time", "type": "u64"}, {"name": "peer_time", "type": "u64"}]},
  "16": {"name": "STATUS", "binary": false, "buffers": [0, 0], "fields": [{"name": "avatar", "type": "u16"}, {"name": "motion", "type": "str?", "default": null}, {"name": "playing", "type": "bool"}, {"name": "loop", "type": "bool", "default": true}, {"name": "speed", "type": "f32", "default": 1}, {"name": "position", "type": "f32", "default": 0}, {"name": "time", "type": "u64"}, {"name": "targets", "type": "map<f32>", "default": {}}, {"name": "idle", "type": "IdleSettings"}]},
  "17": {"name": "BYE", "binary": false, "buffers": [0, 0], "fields": [{"name": "code", "type": "u16", "default": 0}, {"name": "message", "type": "str", "default": ""}]},
  "18": {"name": "JOB_PICTURE", "binary": false, "buffers": [2, 2], "fields": [{"name": "job", "type": "u32"}, {"name": "index", "type": "u32"}, {"name": "count", "type": "u32"}, {"name": "name", "type": "str", "default": ""}, {"name": "width", "type": "u16"}, {"name": "height", "type": "u16"}]},
});

/** Name -> arguments. */
export const COMMANDS = freeze({
  "list_avatars": [],
  "list_states": [{"name": "avatar", "type": "str?", "default": null}],
  "list_motions": [{"name": "avatar", "type": "str?", "default": null}],
  "get_status": [],
  "select_avatar": [{"name": "avatar", "type": "str"}],
  "set_weights": [{"name": "weights", "type": "map<f32>"}, {"name": "duration", "type": "f32", "default": 0.4}, {"name": "easing", "type": "easing", "default": "smoothstep"}, {"name": "exclusive", "type": "bool", "default": false}],
  "play": [{"name": "loop", "type": "bool?", "default": null}, {"name": "speed", "type": "f32?", "default": null}],
  "pause": [],
  "set_loop": [{"name": "loop", "type": "bool"}],
  "seek": [{"name": "position", "type": "f32"}],
  "choose_motion": [{"name": "motion", "type": "str?"}, {"name": "loop", "type": "bool", "default": true}, {"name": "blend", "type": "f32", "default": 0.3}],
  "set_idle": [{"name": "enabled", "type": "bool?", "default": null}, {"name": "blinks", "type": "f32?", "default": null}, {"name": "breathing", "type": "f32?", "default": null}, {"name": "micro_motion", "type": "f32?", "default": null}, {"name": "gaze", "type": "f32?", "default": null}],
  "edit": [{"name": "prompt", "type": "str"}, {"name": "state", "type": "str?", "default": null}, {"name": "avatar", "type": "str?", "default": null}, {"name": "editor", "type": "str?", "default": null}, {"name": "negative", "type": "str", "default": ""}, {"name": "intensity", "type": "f32", "default": 1}, {"name": "seed", "type": "u32", "default": 0}, {"name": "views", "type": "u16?", "default": null}, {"name": "frames", "type": "u16?", "default": null}],
  "cancel": [{"name": "job", "type": "u32"}],
  "read_prompt": [{"name": "prompt", "type": "str"}],
  "list_editors": [],
  "rename_state": [{"name": "state", "type": "str"}, {"name": "name", "type": "str"}, {"name": "avatar", "type": "str?", "default": null}],
  "delete_state": [{"name": "state", "type": "str"}, {"name": "avatar", "type": "str?", "default": null}],
  "list_history": [{"name": "state", "type": "str"}, {"name": "avatar", "type": "str?", "default": null}],
  "revert_state": [{"name": "state", "type": "str"}, {"name": "version", "type": "u32"}, {"name": "avatar", "type": "str?", "default": null}],
});

/** Kind -> dimensions (with their bounds), header fields, arrays. */
export const BLOBS = freeze({
  "head": {"number": 1, "dimensions": {"V": 1048576, "F": 2097152, "J": 64, "E": 1024, "C": 1024, "VB": 1048576, "M8": 268435456, "M16": 268435456}, "header": [{"name": "dimensions", "type": "map<u32>"}, {"name": "hash", "type": "str"}, {"name": "expression_range", "type": "list<f32>?", "default": null}, {"name": "region_names", "type": "list<str>", "default": []}], "arrays": [{"name": "template", "type": "f32", "shape": ["V", 3]}, {"name": "triangles", "type": "index", "of": "V", "shape": ["F", 3]}, {"name": "parents", "type": "i32", "shape": ["J"]}, {"name": "rest_joints", "type": "f32", "shape": ["J", 3]}, {"name": "joint_shifts", "type": "f32", "shape": ["E", "J", 3]}, {"name": "skin_weights", "type": "u16", "shape": ["V", "J"]}, {"name": "regions", "type": "u8", "shape": ["V"]}, {"name": "component_scales", "type": "f32", "shape": ["C"]}, {"name": "component_wide", "type": "u8", "shape": ["C"]}, {"name": "component_masks", "type": "u8", "shape": ["C", "VB"]}, {"name": "values8", "type": "i8", "shape": ["M8", 3]}, {"name": "values16", "type": "i16", "shape": ["M16", 3]}]},
  "splats": {"number": 2, "dimensions": {"N": 4194304, "F": 2097152, "K": 1024}, "header": [{"name": "dimensions", "type": "map<u32>"}, {"name": "position_min", "type": "list<f32>"}, {"name": "position_step", "type": "list<f32>"}, {"name": "log_scale_min", "type": "list<f32>"}, {"name": "log_scale_step", "type": "list<f32>"}], "arrays": [{"name": "position", "type": "u16", "shape": ["N", 3]}, {"name": "triangle", "type": "index", "of": "F", "shape": ["N"]}, {"name": "rotation", "type": "u32", "shape": ["N"]}, {"name": "log_scale", "type": "u8", "shape": ["N", 3]}, {"name": "opacity", "type": "u8", "shape": ["N"]}, {"name": "color", "type": "u8", "shape": ["N", "K", 3]}, {"name": "color_levels", "type": "f32", "shape": ["K", 3, 256]}]},
  "delta": {"number": 3, "dimensions": {"N": 4194304, "NB": 4194304, "M": 4194304, "R": 1024, "R8": 1024, "H": 1024, "K": 1024, "E": 1024}, "header": [{"name": "dimensions", "type": "map<u32>"}], "arrays": [{"name": "expression", "type": "f32", "shape": ["E"]}, {"name": "jaw", "type": "f32", "shape": [3]}, {"name": "basis", "type": "f32", "shape": ["R", "K", 3]}, {"name": "mask", "type": "u8", "shape": ["NB"]}, {"name": "values8", "type": "i8", "shape": ["M", "R8"]}, {"name": "values4", "type": "u8", "shape": ["M", "H"]}]},
});
