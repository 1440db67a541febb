#!/usr/bin/python3
"""A real RTSP camera for tests and the demo: GStreamer's RTSP server on 127.0.0.1.

    rtsp_camera.py [--port 0] [--file clip.mp4]

Prints `ready <port>` once it listens. Mounts (640x360, 25 fps, a keyframe each second):
    /h264_aac    H.264 + AAC          /h265_pcma   H.265 + G.711 A-law
    /h264_pcmu   H.264 + G.711 u-law  /h264        H.264 without sound
    /h265_aac    H.265 + AAC          /auth        H.264, digest login user/pass
    /h264_opus   H.264 + Opus (a sound we leave out)
    /vp8         VP8 (a picture we refuse)
    /file        the MP4 of --file in a loop, in real time, without decoding it
Run it with Debian's /usr/bin/python3: other Pythons have no `gi`.
"""
import argparse
import sys

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstRtspServer  # noqa: E402

VIDEO = "videotestsrc is-live=true pattern=ball ! video/x-raw,width=640,height=360,framerate=25/1 ! "
AUDIO = "audiotestsrc is-live=true samplesperbuffer={} ! "
ENCODER = "tune=zerolatency key-int-max=25 speed-preset=ultrafast bitrate=800 ! "
H264 = VIDEO + "x264enc " + ENCODER + "video/x-h264,profile=baseline ! rtph264pay name=pay0 pt=96 config-interval=1 "
H265 = VIDEO + "x265enc " + ENCODER + "rtph265pay name=pay0 pt=96 config-interval=1 "
AAC = AUDIO.format(1024) + "audio/x-raw,rate=44100 ! avenc_aac ! rtpmp4gpay name=pay1 pt=97 "
TELEPHONE = AUDIO.format(160) + "audio/x-raw,rate=8000,channels=1 ! "
PCMA = TELEPHONE + "alawenc ! rtppcmapay name=pay1 pt=8 "
PCMU = TELEPHONE + "mulawenc ! rtppcmupay name=pay1 pt=0 "
OPUS = AUDIO.format(960) + "audio/x-raw,rate=48000 ! opusenc ! rtpopuspay name=pay1 pt=98 "
VP8 = VIDEO + "vp8enc deadline=1 ! rtpvp8pay name=pay0 pt=96 "

MOUNTS = {
    "/h264_aac": H264 + AAC,
    "/h265_pcma": H265 + PCMA,
    "/h264_pcmu": H264 + PCMU,
    "/h264": H264,
    "/h265_aac": H265 + AAC,
    "/h264_opus": H264 + OPUS,
    "/vp8": VP8,
    "/auth": H264,
}

PARSERS = {"video/x-h264": "h264parse", "video/x-h265": "h265parse", "audio/mpeg": "aacparse"}
PAYLOADERS = {
    "video/x-h264": "rtph264pay config-interval=-1",
    "video/x-h265": "rtph265pay config-interval=-1",
    "audio/mpeg": "rtpmp4gpay",
}


class Track:
    """All coded buffers of one track of a file."""

    def __init__(self, kind, sink):
        self.kind, self.sink, self.caps, self.buffers = kind, sink, None, []

    def collect(self):
        while True:
            sample = self.sink.emit("try-pull-sample", 0)
            if sample is None:
                return
            self.caps = sample.get_caps()
            buffer = sample.get_buffer()
            # Bytes and times, not the buffer: in Python its copy may be the same one, and new times would add up.
            length = buffer.duration if buffer.duration != Gst.CLOCK_TIME_NONE else 0
            self.buffers.append((buffer.extract_dup(0, buffer.get_size()), buffer.pts, buffer.dts, length))

    def end(self):
        return max(pts + length for _, pts, _, length in self.buffers)


def read_file(path):
    """Demultiplexes `path` into tracks, once."""
    pipeline = Gst.Pipeline.new("read")
    source, demux = Gst.ElementFactory.make("filesrc"), Gst.ElementFactory.make("qtdemux")
    source.set_property("location", path)
    pipeline.add(source)
    pipeline.add(demux)
    source.link(demux)
    tracks = []

    def pad_added(_demux, pad):
        kind = pad.get_current_caps().get_structure(0).get_name()
        if kind not in PARSERS or any(t.kind.split("/")[0] == kind.split("/")[0] for t in tracks):
            return
        chain = [Gst.ElementFactory.make(name) for name in ("queue", PARSERS[kind], "appsink")]
        for limit in ("max-size-buffers", "max-size-bytes", "max-size-time"):
            chain[0].set_property(limit, 0)
        chain[2].set_property("sync", False)
        chain[2].set_property("wait-on-eos", False)
        for element in chain:
            pipeline.add(element)
        chain[0].link(chain[1])
        chain[1].link(chain[2])
        for element in chain:
            element.sync_state_with_parent()
        tracks.append(Track(kind, chain[2]))
        pad.link(chain[0].get_static_pad("sink"))

    demux.connect("pad-added", pad_added)
    pipeline.set_state(Gst.State.PLAYING)
    wanted = Gst.MessageType.EOS | Gst.MessageType.ERROR
    message = pipeline.get_bus().timed_pop_filtered(60 * Gst.SECOND, wanted)
    if message is None or message.type == Gst.MessageType.ERROR:
        sys.exit(f"cannot read {path}: {message.parse_error() if message else 'timeout'}")
    for track in tracks:
        track.collect()
    pipeline.set_state(Gst.State.NULL)
    tracks = [t for t in tracks if t.buffers]
    tracks.sort(key=lambda t: t.kind, reverse=True)  # video first
    return tracks


class LoopFactory(GstRtspServer.RTSPMediaFactory):
    """Feeds the tracks of a file again and again; the server's own clock paces them."""

    def __init__(self, tracks):
        super().__init__()
        self.tracks, self.length = tracks, max(t.end() for t in tracks)
        parts = [
            f"appsrc name=src{i} format=time is-live=false block=false max-bytes=1000000 "
            f"! {PAYLOADERS[t.kind]} name=pay{i} pt={96 + i} "
            for i, t in enumerate(tracks)
        ]
        self.set_launch("( " + "".join(parts) + ")")
        self.set_shared(True)
        self.connect("media-configure", self.configure)

    def configure(self, _factory, media):
        for i, track in enumerate(self.tracks):
            source = media.get_element().get_child_by_name(f"src{i}")
            source.set_property("caps", track.caps)
            source.connect("need-data", self.feed, track, {"at": 0})

    def feed(self, source, _length, track, state):
        count = len(track.buffers)
        passed = state["at"] // count * self.length
        data, pts, dts, length = track.buffers[state["at"] % count]
        state["at"] += 1
        buffer = Gst.Buffer.new_wrapped(data)
        buffer.pts, buffer.duration = pts + passed, length
        if dts != Gst.CLOCK_TIME_NONE:
            buffer.dts = dts + passed
        source.emit("push-buffer", buffer)


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--port", default="0")
    arguments.add_argument("--file")
    arguments = arguments.parse_args()
    Gst.init(None)

    server = GstRtspServer.RTSPServer()
    server.set_address("127.0.0.1")
    server.set_service(arguments.port)
    auth = GstRtspServer.RTSPAuth()
    auth.set_supported_methods(2)  # GST_RTSP_AUTH_DIGEST
    known, anybody = GstRtspServer.RTSPToken(), GstRtspServer.RTSPToken()
    known.set_string("media.factory.role", "known")
    anybody.set_string("media.factory.role", "anybody")
    auth.add_digest("user", "pass", known)
    auth.set_default_token(anybody)
    server.set_auth(auth)

    def mount(path, factory):
        permissions = GstRtspServer.RTSPPermissions()
        for role, may in (("known", True), ("anybody", path != "/auth")):
            permissions.add_permission_for_role(role, "media.factory.access", True)
            permissions.add_permission_for_role(role, "media.factory.construct", may)
        factory.set_permissions(permissions)
        server.get_mount_points().add_factory(path, factory)

    for path, launch in MOUNTS.items():
        factory = GstRtspServer.RTSPMediaFactory()
        factory.set_launch(f"( {launch})")
        factory.set_shared(True)
        mount(path, factory)
    if arguments.file:
        mount("/file", LoopFactory(read_file(arguments.file)))

    if not server.attach(None):
        sys.exit(f"cannot listen on port {arguments.port}")
    print("ready", server.get_bound_port(), flush=True)
    GLib.MainLoop().run()


main()
