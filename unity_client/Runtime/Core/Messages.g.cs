// Generated from protocol/schema.json by protocol/generate.py. Do not edit.
#nullable disable
using System;
using System.Collections.Generic;

namespace Emoga.Protocol
{
    /// <summary>Numbers that fix the layout of messages and blobs.</summary>
    public static class Wire
    {
        public const byte Version = 1;
        public const string Subprotocol = "emoga.v1";
        public const string TokenSubprotocolPrefix = "emoga.token.";
        public const int HeaderSize = 16;
        public const int FramePrefixSize = 16;
        public const int FrameMaxInteger = 32767;
        public const string BlobMagic = "EMGB";
        public const byte BlobVersion = 1;
        public const int BlobPrefixSize = 16;
    }

    /// <summary>Bounds that every implementation checks before it allocates.</summary>
    public static class Limits
    {
        public const int MaxInboundBytes = 65536;
        public const int MaxMessageBytes = 67108864;
        public const int MaxBlobBytes = 268435456;
        public const int BlobChunkBytes = 262144;
        public const int MaxItems = 4096;
        public const int MaxDepth = 16;
        public const int MaxBuffers = 16;
        public const int MaxSplats = 4194304;
        public const int MaxVertices = 1048576;
        public const int MaxTriangles = 2097152;
        public const int MaxComponents = 1024;
        public const int MaxJoints = 64;
        public const int MaxStates = 256;
        public const int MaxFrameCoefficients = 2048;
        public const int AckEveryFrames = 4;
        public const int AckEveryMs = 50;
        public const int MaxMessagesPerSecond = 50;
        public const int MaxMessageBurst = 100;
    }

    /// <summary>Message numbers.</summary>
    public enum MessageType : byte
    {
        /// <summary>First message of a client.</summary>
        Hello = 1,
        /// <summary>Answer to HELLO; MANIFEST follows.</summary>
        Welcome = 2,
        /// <summary>Every avatar that is ready, perhaps none yet; replaces any earlier manifest.</summary>
        Manifest = 3,
        /// <summary>Asks for a range of a blob; answered by BLOB_CHUNKs.</summary>
        BlobGet = 4,
        /// <summary>A piece of a blob in one raw buffer, in order of offset.</summary>
        BlobChunk = 5,
        /// <summary>A state is new or changed. With a raw buffer: its delta blob. Provisional ones may be skipped by the server when newer ones exist.</summary>
        StatePut = 6,
        /// <summary>The state is final at this revision. Reliable and ordered.</summary>
        StateCommit = 7,
        /// <summary>One instant of one avatar; binary body, see `frame`. Lossy.</summary>
        Frame = 8,
        /// <summary>Header only: seq is the highest frame applied or superseded.</summary>
        FrameAck = 9,
        /// <summary>Asks the server to do something; answered by RESULT or ERROR with the same id.</summary>
        Command = 10,
        /// <summary>A command succeeded.</summary>
        Result = 11,
        /// <summary>A command or BLOB_GET failed (its id), or the connection has a problem (no id).</summary>
        Error = 12,
        /// <summary>How far a long job is.</summary>
        JobProgress = 13,
        /// <summary>Asks for the other's clock.</summary>
        Ping = 14,
        /// <summary>Answer to PING.</summary>
        Pong = 15,
        /// <summary>What is playing now; sent whenever it changes, and after MANIFEST once an avatar is ready.</summary>
        Status = 16,
        /// <summary>The connection is about to be closed on purpose.</summary>
        Bye = 17,
        /// <summary>One edited picture of a job, small: the raw buffers are it before and after, each a PNG or JPEG file.</summary>
        JobPicture = 18,
    }

    /// <summary>Codes of ERROR and BYE.</summary>
    public enum ErrorCode : ushort
    {
        /// <summary>The message could not be decoded.</summary>
        BadMessage = 1,
        /// <summary>No protocol version in common.</summary>
        UnsupportedVersion = 2,
        /// <summary>The token is missing or wrong.</summary>
        Unauthorized = 3,
        /// <summary>No such avatar, state, motion, blob or job.</summary>
        NotFound = 4,
        /// <summary>A command's argument is missing or out of range.</summary>
        InvalidArgument = 5,
        /// <summary>Too many messages; slow down and try again.</summary>
        RateLimited = 6,
        /// <summary>The message or the answer is over a limit.</summary>
        TooLarge = 7,
        /// <summary>The server cannot take this now; try again.</summary>
        Busy = 8,
        /// <summary>This server does not offer the command.</summary>
        Unsupported = 9,
        /// <summary>The server failed; its log says why.</summary>
        Internal = 10,
        /// <summary>A job ended with an error.</summary>
        JobFailed = 11,
        /// <summary>A job was cancelled.</summary>
        Cancelled = 12,
        /// <summary>The client fell too far behind; reconnect for a fresh snapshot.</summary>
        Resync = 13,
    }

    /// <summary>Bits of HELLO and WELCOME.</summary>
    [Flags]
    public enum Capabilities : uint
    {
        None = 0,
        /// <summary>Blobs can be fetched (server: are served) at HTTP GET /blob/&lt;sha256&gt;.</summary>
        HttpBlobs = 1,
        /// <summary>STATE_PUT may carry the delta blob itself.</summary>
        InlineStates = 2,
        /// <summary>The server makes and changes states: edit, cancel, read_prompt, list_editors, rename_state, delete_state, list_history and revert_state.</summary>
        Edit = 4,
        /// <summary>The client takes JOB_PICTURE; others are not sent it.</summary>
        JobPictures = 8,
    }

    /// <summary>Bits in the header of FRAME.</summary>
    [Flags]
    public enum FrameFlags : ushort
    {
        None = 0,
        /// <summary>The pose jumped (seek, another motion): do not interpolate from the frame before.</summary>
        Cut = 1,
    }

    /// <summary>Easing curves: polynomials, lowest power first, below one half and from there on.</summary>
    public static class Easings
    {
        public static readonly IReadOnlyDictionary<string, (double[] First, double[] Second)> Curves =
            new Dictionary<string, (double[] First, double[] Second)>
            {
                ["linear"] = (new double[] { 0, 1 }, new double[] { 0, 1 }),
                ["smoothstep"] = (new double[] { 0, 0, 3, -2 }, new double[] { 0, 0, 3, -2 }),
                ["smootherstep"] = (new double[] { 0, 0, 0, 10, -15, 6 }, new double[] { 0, 0, 0, 10, -15, 6 }),
                ["ease_in"] = (new double[] { 0, 0, 1 }, new double[] { 0, 0, 1 }),
                ["ease_out"] = (new double[] { 0, 2, -1 }, new double[] { 0, 2, -1 }),
                ["cubic_in"] = (new double[] { 0, 0, 0, 1 }, new double[] { 0, 0, 0, 1 }),
                ["cubic_out"] = (new double[] { 0, 3, -3, 1 }, new double[] { 0, 3, -3, 1 }),
                ["cubic_in_out"] = (new double[] { 0, 0, 0, 4 }, new double[] { -3, 12, -12, 4 }),
            };
    }

    /// <summary>A content-addressed blob.</summary>
    public sealed class BlobRef
    {
        /// <summary>Hash of the bytes, lower-case hex.</summary>
        public string Sha256;
        /// <summary>Bytes.</summary>
        public uint Size;
        /// <summary>Name of the blob layout: head, splats or delta.</summary>
        public string Kind;
    }

    /// <summary>Which parametric head moves the avatar, and under what terms.</summary>
    public sealed class HeadInfo
    {
        public string Name;
        public string Version;
        /// <summary>sha256 of the head's geometry, hex.</summary>
        public string Hash;
        public string Licence;
        public string Credit;
        public bool Redistributable;
        /// <summary>One per expression coefficient, where they have names (ARKit).</summary>
        public string[] ExpressionNames;
        /// <summary>[low, high] to which the blended expression is clamped; null: never clamped.</summary>
        public float[] ExpressionRange;
    }

    /// <summary>Sizes, to prepare buffers before the blobs arrive.</summary>
    public sealed class Counts
    {
        public uint Splats;
        public uint Vertices;
        public uint Triangles;
        public uint Expressions;
        public uint Joints;
        /// <summary>0 or 1, of the wire.</summary>
        public byte ShDegree;
    }

    /// <summary>A run of i16 coefficients.</summary>
    public sealed class FrameField
    {
        /// <summary>translation, joints, expression or weights.</summary>
        public string Name;
        /// <summary>First coefficient, counted in coefficients after the prefix.</summary>
        public ushort Offset;
        public ushort Count;
        /// <summary>Value of one step.</summary>
        public double Scale;
    }

    /// <summary>How to read the coefficients of FRAME for one avatar.</summary>
    public sealed class FrameLayout
    {
        public ushort Revision;
        public FrameField[] Fields;
    }

    /// <summary>One emotion state. Neutral is the origin and has no entry.</summary>
    public sealed class StateInfo
    {
        /// <summary>Index of its weight in FRAME; never reused in a session.</summary>
        public ushort Slot;
        public string Name;
        /// <summary>-1 unpleasant .. 1 pleasant.</summary>
        public float Valence = 0f;
        /// <summary>-1 calm .. 1 excited.</summary>
        public float Arousal = 0f;
        /// <summary>Rises with every change of this state.</summary>
        public uint Revision = 1;
        /// <summary>Its delta blob.</summary>
        public BlobRef Blob;
        /// <summary>The words it was made from; empty where it was not made from words.</summary>
        public string Prompt = "";
        /// <summary>The editor that it was made with, if any.</summary>
        public string Editor = "";
    }

    /// <summary>A motion that the server can play.</summary>
    public sealed class MotionInfo
    {
        public string Name;
        public float Fps;
        public uint Frames;
        /// <summary>Seconds.</summary>
        public float Duration;
    }

    /// <summary>All that a client needs to know of one avatar.</summary>
    public sealed class AvatarInfo
    {
        /// <summary>Index of the avatar in FRAME.</summary>
        public ushort Slot;
        public string Name;
        /// <summary>For people.</summary>
        public string Title = "";
        public HeadInfo Head;
        public Counts Counts;
        public BlobRef HeadBlob;
        public BlobRef SplatsBlob;
        public StateInfo[] States;
        public MotionInfo[] Motions;
        public FrameLayout Layout;
        public uint StateRevision = 0;
    }

    /// <summary>A job that makes or changes a state has been accepted.</summary>
    public sealed class EditStarted
    {
        /// <summary>Its number in JOB_PROGRESS, JOB_PICTURE and cancel.</summary>
        public uint Job;
        /// <summary>Name of the state that it makes or changes.</summary>
        public string State;
        /// <summary>What the prompt was understood to ask of the face, for people.</summary>
        public string Reading;
        /// <summary>Jobs before it; 0: it runs now.</summary>
        public ushort Position = 0;
    }

    /// <summary>How the server reads a prompt.</summary>
    public sealed class PromptInfo
    {
        /// <summary>For people: the action units found, and words not understood.</summary>
        public string Reading;
        /// <summary>Number of a FACS action unit, as text -&gt; strength 0..1.</summary>
        public Dictionary<string, float> ActionUnits;
        /// <summary>Words that the reading leaves out.</summary>
        public string[] Unknown;
        /// <summary>The name that a state made from it gets if none is given.</summary>
        public string Name;
        /// <summary>-1 unpleasant .. 1 pleasant.</summary>
        public float Valence;
        /// <summary>-1 calm .. 1 excited.</summary>
        public float Arousal;
    }

    /// <summary>An editor that can change pictures by words.</summary>
    public sealed class EditorInfo
    {
        public string Name;
        /// <summary>For people.</summary>
        public string Title;
        /// <summary>Whether this server can use it now.</summary>
        public bool Ready;
        /// <summary>Whether it is used when none is named.</summary>
        public bool Default;
        /// <summary>Why it is not ready and what to do, or its licence.</summary>
        public string Note = "";
    }

    /// <summary>One version of a state that the server keeps.</summary>
    public sealed class StateVersion
    {
        /// <summary>Rises with every version of the state; never given twice.</summary>
        public uint Version;
        /// <summary>When it was saved: seconds since 1970 (UTC); 0: not known.</summary>
        public ulong Time;
        /// <summary>The words it was made from; may be empty.</summary>
        public string Prompt = "";
        /// <summary>The editor it was made with, if any.</summary>
        public string Editor = "";
        /// <summary>Whether this is the version in use.</summary>
        public bool Current;
    }

    /// <summary>What the avatar does by itself. Amounts: 0 off, 1 natural, up to 2.</summary>
    public sealed class IdleSettings
    {
        public bool Enabled = true;
        public float Blinks = 1f;
        public float Breathing = 1f;
        public float MicroMotion = 1f;
        public float Gaze = 1f;
    }

    /// <summary>First message of a client.</summary>
    public sealed class HelloMessage
    {
        public const MessageType Type = MessageType.Hello;
        /// <summary>Protocol versions the client speaks.</summary>
        public byte[] Versions;
        /// <summary>Name and version of the program.</summary>
        public string Client = "";
        public uint Capabilities = 0;
    }

    /// <summary>Answer to HELLO; MANIFEST follows.</summary>
    public sealed class WelcomeMessage
    {
        public const MessageType Type = MessageType.Welcome;
        /// <summary>The version both will speak.</summary>
        public byte Version;
        public string Server = "";
        /// <summary>Changes when the server restarts: slots of another session mean nothing.</summary>
        public string Session = "";
        public uint Capabilities = 0;
        /// <summary>Server clock, microseconds.</summary>
        public ulong Time;
        /// <summary>Frames a second of the stream.</summary>
        public float Fps;
    }

    /// <summary>Every avatar that is ready, perhaps none yet; replaces any earlier manifest.</summary>
    public sealed class ManifestMessage
    {
        public const MessageType Type = MessageType.Manifest;
        public uint Revision;
        public AvatarInfo[] Avatars;
    }

    /// <summary>Asks for a range of a blob; answered by BLOB_CHUNKs.</summary>
    public sealed class BlobGetMessage
    {
        public const MessageType Type = MessageType.BlobGet;
        public string Sha256;
        public uint Offset = 0;
        /// <summary>Null: to the end.</summary>
        public uint? Length;
        /// <summary>Comes back in the ERROR if the blob cannot be sent; shares its numbers with COMMAND.</summary>
        public uint? Id;
    }

    /// <summary>A piece of a blob in one raw buffer, in order of offset.</summary>
    public sealed class BlobChunkMessage
    {
        public const MessageType Type = MessageType.BlobChunk;
        public string Sha256;
        public uint Offset;
        /// <summary>Bytes of the whole blob.</summary>
        public uint Size;
    }

    /// <summary>A state is new or changed. With a raw buffer: its delta blob. Provisional ones may be skipped by the server when newer ones exist.</summary>
    public sealed class StatePutMessage
    {
        public const MessageType Type = MessageType.StatePut;
        public ushort Avatar;
        public StateInfo State;
        public bool Provisional = false;
    }

    /// <summary>The state is final at this revision. Reliable and ordered.</summary>
    public sealed class StateCommitMessage
    {
        public const MessageType Type = MessageType.StateCommit;
        public ushort Avatar;
        public StateInfo State;
        /// <summary>The avatar's, as in FRAME from now on.</summary>
        public uint StateRevision;
    }

    /// <summary>One instant of one avatar; binary body, see `frame`. Lossy.</summary>
    public sealed class FrameMessage
    {
        public const MessageType Type = MessageType.Frame;
    }

    /// <summary>Header only: seq is the highest frame applied or superseded.</summary>
    public sealed class FrameAckMessage
    {
        public const MessageType Type = MessageType.FrameAck;
    }

    /// <summary>Asks the server to do something; answered by RESULT or ERROR with the same id.</summary>
    public sealed class CommandMessage
    {
        public const MessageType Type = MessageType.Command;
        public uint Id;
        public string Name;
        public Dictionary<string, object> Arguments = new Dictionary<string, object>();
    }

    /// <summary>A command succeeded.</summary>
    public sealed class ResultMessage
    {
        public const MessageType Type = MessageType.Result;
        public uint Id;
        /// <summary>See the command's `result`.</summary>
        public object Value;
    }

    /// <summary>A command or BLOB_GET failed (its id), or the connection has a problem (no id).</summary>
    public sealed class ErrorMessage
    {
        public const MessageType Type = MessageType.Error;
        public uint? Id;
        public ushort Code;
        /// <summary>One sentence for people.</summary>
        public string Message;
        public bool Retryable = false;
    }

    /// <summary>How far a long job is.</summary>
    public sealed class JobProgressMessage
    {
        public const MessageType Type = MessageType.JobProgress;
        public uint Job;
        public string Kind = "";
        /// <summary>queued, running, done, failed, cancelled, or a stage of the job.</summary>
        public string Stage = "";
        /// <summary>0..1.</summary>
        public float Progress;
        public string Message = "";
        public float? SecondsLeft;
        /// <summary>Slot of the avatar it works on.</summary>
        public ushort? Avatar;
        /// <summary>Edits: name of the state that is made or changed.</summary>
        public string State = "";
        /// <summary>Edits: the words it is made from.</summary>
        public string Prompt = "";
        /// <summary>Jobs before it; 0: it runs.</summary>
        public ushort Position = 0;
        /// <summary>Pictures edited so far.</summary>
        public uint Done = 0;
        /// <summary>Pictures to edit; 0: not known yet.</summary>
        public uint Total = 0;
        /// <summary>Step of the optimiser.</summary>
        public uint Step = 0;
        /// <summary>Steps that the optimiser will take; 0: not known yet.</summary>
        public uint Steps = 0;
        /// <summary>What the optimiser minimises, as of that step.</summary>
        public float? Loss;
    }

    /// <summary>Asks for the other's clock.</summary>
    public sealed class PingMessage
    {
        public const MessageType Type = MessageType.Ping;
        /// <summary>Sender's clock, microseconds.</summary>
        public ulong Time;
    }

    /// <summary>Answer to PING.</summary>
    public sealed class PongMessage
    {
        public const MessageType Type = MessageType.Pong;
        /// <summary>Copied from PING.</summary>
        public ulong Time;
        /// <summary>Answerer's clock, microseconds.</summary>
        public ulong PeerTime;
    }

    /// <summary>What is playing now; sent whenever it changes, and after MANIFEST once an avatar is ready.</summary>
    public sealed class StatusMessage
    {
        public const MessageType Type = MessageType.Status;
        /// <summary>Slot of the avatar being streamed.</summary>
        public ushort Avatar;
        /// <summary>Null: idle behaviour only.</summary>
        public string Motion;
        public bool Playing;
        public bool Loop = true;
        public float Speed = 1f;
        /// <summary>Seconds into the motion at `time`.</summary>
        public float Position = 0f;
        /// <summary>Server clock, microseconds.</summary>
        public ulong Time;
        /// <summary>State name -&gt; weight it is moving to, before the sum is limited to 1.</summary>
        public Dictionary<string, float> Targets = new Dictionary<string, float>();
        public IdleSettings Idle;
    }

    /// <summary>The connection is about to be closed on purpose.</summary>
    public sealed class ByeMessage
    {
        public const MessageType Type = MessageType.Bye;
        /// <summary>0, or an error code.</summary>
        public ushort Code = 0;
        public string Message = "";
    }

    /// <summary>One edited picture of a job, small: the raw buffers are it before and after, each a PNG or JPEG file.</summary>
    public sealed class JobPictureMessage
    {
        public const MessageType Type = MessageType.JobPicture;
        public uint Job;
        /// <summary>From 0.</summary>
        public uint Index;
        /// <summary>Pictures of the job.</summary>
        public uint Count;
        /// <summary>Which frame and view it shows.</summary>
        public string Name = "";
        /// <summary>Pixels, at most 128.</summary>
        public ushort Width;
        /// <summary>Pixels, at most 128.</summary>
        public ushort Height;
    }

    /// <summary>Avatars on this server.</summary>
    public sealed class ListAvatarsCommand
    {
        public const string CommandName = "list_avatars";
    }

    /// <summary>Emotion states of an avatar.</summary>
    public sealed class ListStatesCommand
    {
        public const string CommandName = "list_states";
        /// <summary>Null: the one being streamed.</summary>
        public string Avatar;
    }

    /// <summary>Motions of an avatar.</summary>
    public sealed class ListMotionsCommand
    {
        public const string CommandName = "list_motions";
        public string Avatar;
    }

    /// <summary>What is playing.</summary>
    public sealed class GetStatusCommand
    {
        public const string CommandName = "get_status";
    }

    /// <summary>Stream this avatar.</summary>
    public sealed class SelectAvatarCommand
    {
        public const string CommandName = "select_avatar";
        public string Avatar;
    }

    /// <summary>Move emotion weights to new values.</summary>
    public sealed class SetWeightsCommand
    {
        public const string CommandName = "set_weights";
        /// <summary>State name -&gt; 0..1.</summary>
        public Dictionary<string, float> Weights;
        /// <summary>Seconds.</summary>
        public float Duration = 0.4f;
        public string Easing = "smoothstep";
        /// <summary>States not named move to 0; otherwise they stay.</summary>
        public bool Exclusive = false;
    }

    /// <summary>Play, from where it stands.</summary>
    public sealed class PlayCommand
    {
        public const string CommandName = "play";
        /// <summary>Whether the motion repeats; null: as it is.</summary>
        public bool? Loop;
        /// <summary>1 is real time.</summary>
        public float? Speed;
    }

    /// <summary>Hold the motion where it is.</summary>
    public sealed class PauseCommand
    {
        public const string CommandName = "pause";
    }

    /// <summary>Choose whether the motion repeats; it plays on or stays paused as it was.</summary>
    public sealed class SetLoopCommand
    {
        public const string CommandName = "set_loop";
        public bool Loop;
    }

    /// <summary>Jump within the motion.</summary>
    public sealed class SeekCommand
    {
        public const string CommandName = "seek";
        /// <summary>Seconds.</summary>
        public float Position;
    }

    /// <summary>Play another motion from its start.</summary>
    public sealed class ChooseMotionCommand
    {
        public const string CommandName = "choose_motion";
        /// <summary>Null: none, idle behaviour only.</summary>
        public string Motion;
        public bool Loop = true;
        /// <summary>Seconds of cross-fade.</summary>
        public float Blend = 0.3f;
    }

    /// <summary>Change the idle behaviour; null leaves a setting as it is.</summary>
    public sealed class SetIdleCommand
    {
        public const string CommandName = "set_idle";
        public bool? Enabled;
        public float? Blinks;
        public float? Breathing;
        public float? MicroMotion;
        public float? Gaze;
    }

    /// <summary>Make or change an emotion state from words. Needs the EDIT capability.</summary>
    public sealed class EditCommand
    {
        public const string CommandName = "edit";
        public string Prompt;
        /// <summary>Name of the state to make or change; null: made from the prompt.</summary>
        public string State;
        /// <summary>Null: the one being streamed.</summary>
        public string Avatar;
        /// <summary>Null: the server's choice.</summary>
        public string Editor;
        /// <summary>What pictures must not show, for editors that take it.</summary>
        public string Negative = "";
        /// <summary>How strongly the prompt is meant: above 0, up to 1.5.</summary>
        public float Intensity = 1f;
        public uint Seed = 0;
        /// <summary>Cameras around the head; null: the server's choice.</summary>
        public ushort? Views;
        /// <summary>Instants of the motion; null: the server's choice.</summary>
        public ushort? Frames;
    }

    /// <summary>Stop a job that waits or runs. Needs the EDIT capability.</summary>
    public sealed class CancelCommand
    {
        public const string CommandName = "cancel";
        public uint Job;
    }

    /// <summary>Read a prompt without doing anything. Needs the EDIT capability.</summary>
    public sealed class ReadPromptCommand
    {
        public const string CommandName = "read_prompt";
        public string Prompt;
    }

    /// <summary>Editors of this server. Needs the EDIT capability.</summary>
    public sealed class ListEditorsCommand
    {
        public const string CommandName = "list_editors";
    }

    /// <summary>Give a state another name; it keeps its slot. Needs the EDIT capability.</summary>
    public sealed class RenameStateCommand
    {
        public const string CommandName = "rename_state";
        public string State;
        /// <summary>The new name.</summary>
        public string Name;
        public string Avatar;
    }

    /// <summary>Remove a state and its earlier versions. Needs the EDIT capability.</summary>
    public sealed class DeleteStateCommand
    {
        public const string CommandName = "delete_state";
        public string State;
        public string Avatar;
    }

    /// <summary>Versions of a state, the newest first. Needs the EDIT capability.</summary>
    public sealed class ListHistoryCommand
    {
        public const string CommandName = "list_history";
        public string State;
        public string Avatar;
    }

    /// <summary>Put an earlier version of a state in use again; the present one is kept. Needs the EDIT capability.</summary>
    public sealed class RevertStateCommand
    {
        public const string CommandName = "revert_state";
        public string State;
        public uint Version;
        public string Avatar;
    }

    /// <summary>One array of a blob: its element type and its shape (numbers or names of dimensions).</summary>
    public readonly struct BlobArray
    {
        public readonly string Name, Type, IndexOf;
        public readonly string[] Shape;
        public BlobArray(string name, string type, string indexOf, params string[] shape)
        {
            Name = name; Type = type; IndexOf = indexOf; Shape = shape;
        }
    }

    /// <summary>The rig: identity baked into template and rest joints.</summary>
    public static class HeadBlob
    {
        public const string Kind = "head";
        public const byte Number = 1;
        public static readonly IReadOnlyDictionary<string, uint> Limits =
            new Dictionary<string, uint>
        {
            ["V"] = 1048576,
            ["F"] = 2097152,
            ["J"] = 64,
            ["E"] = 1024,
            ["C"] = 1024,
            ["VB"] = 1048576,
            ["M8"] = 268435456,
            ["M16"] = 268435456,
        };
        public static readonly BlobArray[] Arrays =
        {
            new BlobArray("template", "f32", "", "V", "3"),
            new BlobArray("triangles", "index", "V", "F", "3"),
            new BlobArray("parents", "i32", "", "J"),
            new BlobArray("rest_joints", "f32", "", "J", "3"),
            new BlobArray("joint_shifts", "f32", "", "E", "J", "3"),
            new BlobArray("skin_weights", "u16", "", "V", "J"),
            new BlobArray("regions", "u8", "", "V"),
            new BlobArray("component_scales", "f32", "", "C"),
            new BlobArray("component_wide", "u8", "", "C"),
            new BlobArray("component_masks", "u8", "", "C", "VB"),
            new BlobArray("values8", "i8", "", "M8", "3"),
            new BlobArray("values16", "i16", "", "M16", "3"),
        };
    }

    /// <summary>Gaussians of the neutral face, in the frame of their parent triangle.</summary>
    public static class SplatsBlob
    {
        public const string Kind = "splats";
        public const byte Number = 2;
        public static readonly IReadOnlyDictionary<string, uint> Limits =
            new Dictionary<string, uint>
        {
            ["N"] = 4194304,
            ["F"] = 2097152,
            ["K"] = 1024,
        };
        public static readonly BlobArray[] Arrays =
        {
            new BlobArray("position", "u16", "", "N", "3"),
            new BlobArray("triangle", "index", "F", "N"),
            new BlobArray("rotation", "u32", "", "N"),
            new BlobArray("log_scale", "u8", "", "N", "3"),
            new BlobArray("opacity", "u8", "", "N"),
            new BlobArray("color", "u8", "", "N", "K", "3"),
            new BlobArray("color_levels", "f32", "", "K", "3", "256"),
        };
    }

    /// <summary>What an emotion state at weight 1 adds to neutral.</summary>
    public static class DeltaBlob
    {
        public const string Kind = "delta";
        public const byte Number = 3;
        public static readonly IReadOnlyDictionary<string, uint> Limits =
            new Dictionary<string, uint>
        {
            ["N"] = 4194304,
            ["NB"] = 4194304,
            ["M"] = 4194304,
            ["R"] = 1024,
            ["R8"] = 1024,
            ["H"] = 1024,
            ["K"] = 1024,
            ["E"] = 1024,
        };
        public static readonly BlobArray[] Arrays =
        {
            new BlobArray("expression", "f32", "", "E"),
            new BlobArray("jaw", "f32", "", "3"),
            new BlobArray("basis", "f32", "", "R", "K", "3"),
            new BlobArray("mask", "u8", "", "NB"),
            new BlobArray("values8", "i8", "", "M", "R8"),
            new BlobArray("values4", "u8", "", "M", "H"),
        };
    }
}
