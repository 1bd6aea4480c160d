// Made by `npm run wire` from the recorder’s OpenAPI description; not to be edited.

export interface paths {
    "/api/recording/events": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Records events: one event, an array of events, or `{"events":[…]}`. */
        post: operations["recordEvents"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/recording/snapshot": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Takes a session as the client sees it, to fill what events did not bring. */
        post: operations["takeSnapshot"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
}
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        /** @description The content of a message: a string, or an array of parts in the client's own shape. */
        Content: string | unknown[];
        /** @description Every error answer: `{"error":{"code":…,"message":…}}`. */
        ErrorBody: {
            error: components["schemas"]["ErrorDetail"];
        };
        /**
         * @description Why something was refused. The text form is `snake_case`.
         * @enum {string}
         */
        ErrorCode: "bad_json" | "missing_field" | "invalid_field" | "too_deep" | "too_large" | "batch_too_large" | "paused" | "storage_full" | "not_recording" | "shutting_down" | "overloaded" | "unknown_frame" | "bad_request" | "not_found" | "method_not_allowed" | "unsupported_media_type" | "forbidden_host" | "forbidden_origin" | "forbidden_site" | "unauthorized" | "conflict" | "unknown_editor" | "no_desktop" | "revision_gone" | "internal";
        ErrorDetail: {
            code: components["schemas"]["ErrorCode"];
            /** @description A sentence that says what to do. */
            message: string;
            /** @description The setting that was refused, the first one where there are several. */
            field?: string | null;
            /** @description The rule that its value breaks. */
            reason?: string | null;
            /** @description All settings that were refused, where any were. */
            fields?: components["schemas"]["RefusedField"][];
        };
        EventResult: {
            event_id?: string | null;
            session_id?: string | null;
            status: components["schemas"]["EventStatus"];
            code?: components["schemas"]["ErrorCode"] | null;
            message?: string | null;
            warning?: components["schemas"]["WarningCode"] | null;
        };
        /** @enum {string} */
        EventStatus: "recorded" | "duplicate" | "rejected";
        /** @description Answer to `POST /api/recording/events`. */
        EventsAnswer: {
            /** Format: int64 */
            recorded: number;
            /** Format: int64 */
            duplicates: number;
            /** Format: int64 */
            rejected: number;
            /** @description One for each event, in the order of the request. */
            results: components["schemas"]["EventResult"][];
        };
        /** @description A field that was refused, and the rule that its value breaks. */
        RefusedField: {
            field: string;
            reason: string;
        };
        /**
         * @description Who speaks. The numbers are stored and never change their meaning.
         * @enum {string}
         */
        Role: "user" | "assistant" | "system" | "tool";
        SnapshotAnswer: {
            session_id: string;
            /** @description False where it equals the last one. */
            stored: boolean;
            /**
             * Format: int64
             * @description Messages in the snapshot.
             */
            messages: number;
            /**
             * Format: int64
             * @description Messages that the session did not have before.
             */
            added: number;
        };
        /** @description A snapshot as a client sends it: the session as the client sees it. */
        SnapshotBody: {
            title?: string | null;
            provider?: string | null;
            model?: string | null;
            workspace?: string | null;
            editor?: string | null;
            messages: components["schemas"]["SnapshotMessage"][];
            tool_calls?: components["schemas"]["SnapshotToolCall"][];
        } & {
            [key: string]: unknown;
        };
        SnapshotMessage: {
            role: components["schemas"]["Role"];
            content: components["schemas"]["Content"];
            message_id?: string | null;
            timestamp?: components["schemas"]["Timestamp"] | null;
            model?: string | null;
            partial?: boolean | null;
        } & {
            [key: string]: unknown;
        };
        /** @description Body of `POST /api/recording/snapshot`. */
        SnapshotRequest: {
            session_id: string;
            taken_at?: components["schemas"]["Timestamp"] | null;
            snapshot: components["schemas"]["SnapshotBody"];
        };
        SnapshotToolCall: {
            name: string;
            call_id?: string | null;
            message_id?: string | null;
            arguments?: unknown;
            output?: unknown;
            is_error?: boolean | null;
            timestamp?: components["schemas"]["Timestamp"] | null;
        } & {
            [key: string]: unknown;
        };
        /** Format: date-time */
        Timestamp: string;
        /**
         * @description What deserves a remark though the event was recorded.
         * @enum {string}
         */
        WarningCode: "unknown_event_type" | "conflict" | "replaced_surrogate";
    };
    responses: never;
    parameters: never;
    requestBodies: never;
    headers: never;
    pathItems: never;
}
export type $defs = Record<string, never>;
export interface operations {
    recordEvents: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** @description one event, an array of events, or {"events":[…]} */
        requestBody: {
            content: {
                "application/json": unknown;
            };
        };
        responses: {
            /** @description all accepted events are on disk */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["EventsAnswer"];
                };
            };
            /** @description not JSON */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description too large, or too many events */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description every event was refused */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["EventsAnswer"];
                };
            };
            /** @description paused, or stopping: see Retry-After */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description the disk is full: see Retry-After */
            507: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    takeSnapshot: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["SnapshotRequest"];
            };
        };
        responses: {
            /** @description the snapshot is on disk */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SnapshotAnswer"];
                };
            };
            /** @description not JSON */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description a field is missing or wrong */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description paused, or stopping: see Retry-After */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
}
