"""The emoga wire protocol: messages, codec, quantisation and the mixing rules. numpy and msgpack only."""
