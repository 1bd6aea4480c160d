// Made by `npm run api` from openapi.json; not to be edited.

export interface paths {
    "/": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What runs here, for people. */
        get: operations["page"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/app": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What the desktop app is set to. */
        get: operations["getApp"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        /** Changes what the desktop app is set to. */
        patch: operations["changeApp"];
        trace?: never;
    };
    "/api/app/notify": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Shows a notification, so that its reader sees that they can be shown. */
        post: operations["testNotification"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/app/open": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Shows the window. */
        post: operations["openApp"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/editors": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The editors whose files can be read, with how many of their sessions are recorded. Reads names of files, and no chat. */
        get: operations["listEditors"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/editors/{id}/import": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Imports every session that an editor has. What is recorded already is known again, so it can be repeated. */
        post: operations["importEditor"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/openapi.json": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** This interface, for machines. */
        get: operations["openapi"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
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
    "/api/recording/export": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Sessions as one ZIP file, each as its own export would be. */
        post: operations["exportSessions"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/recording/live": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Streams what changes. The name of an event is the `type` of its data. */
        get: operations["live"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/recording/notices": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What happened: drops, reconnects, recoveries, damage, disk. Newest first. */
        get: operations["listNotices"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/recording/pause": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Stops taking events until it is resumed, or for some minutes. */
        post: operations["pause"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/recording/probe": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Tries out the way of an event: this port, the journal, the disk. Records nothing. */
        post: operations["probe"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/recording/quarantine/{name}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** Deletes a file of the quarantine for good. */
        delete: operations["deleteQuarantined"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/recording/rates": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** How much this run recorded in the last 15 minutes. The last step ends with the last whole second; what lies before the start is 0. */
        get: operations["rates"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/recording/recovery": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What needs recovery, with what is at hand, and the reports of past ones. Changes nothing. */
        get: operations["recoveryOverview"];
        put?: never;
        /** Puts interrupted sessions together again, from events, snapshots and editors' files: the ones named, or all. */
        post: operations["recover"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/recording/recovery/reports": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Reports of past recoveries, the latest first. */
        get: operations["listRecoveryReports"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/recording/resume": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Ends a pause. */
        post: operations["resume"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/recording/retention/preview": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** What retention would delete for good now, as set or as asked. Changes nothing. */
        post: operations["previewRetention"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/recording/retention/run": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Deletes for good what the settings do not keep, now instead of within the hour. */
        post: operations["runRetention"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/recording/search": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Full text over titles, messages and tool calls. */
        get: operations["search"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/recording/sessions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Lists sessions: by default those that are recorded now. */
        get: operations["listSessions"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/recording/sessions/facets": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The values of each facet of the list and how many sessions have them, each under the filters of the others. */
        get: operations["listFacets"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/recording/sessions/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** A session with its messages, tool calls, interruptions, holes and recoveries. */
        get: operations["getSession"];
        put?: never;
        post?: never;
        /**
         * Deletes a session for good: gone from database, index, snapshots and journal. `Prefer: return=representation` asks for
         *     a receipt.
         */
        delete: operations["deleteSession"];
        options?: never;
        head?: never;
        /** Changes what the user sets: title, star, tags. */
        patch: operations["changeSession"];
        trace?: never;
    };
    "/api/recording/sessions/{id}/events": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** A session's raw events, as received, in order. */
        get: operations["listEvents"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/recording/sessions/{id}/export": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** A session as a file. */
        get: operations["exportSession"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/recording/sessions/{id}/items": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** A part of a session: messages, tool calls and events of unknown types, by position. */
        get: operations["listItems"];
        put?: never;
        post?: never;
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
    "/api/recording/status": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The recorder's health. */
        get: operations["status"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/recording/trash": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What is in the trash, the latest first. */
        get: operations["listTrash"];
        put?: never;
        /** Puts sessions into the trash: out of every list, and deleted for good after `trash.keep_secs`. */
        post: operations["trashSessions"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/recording/trash/purge": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Deletes sessions of the trash for good, now: the ones named, or all. */
        post: operations["purgeTrash"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/recording/trash/restore": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Takes sessions out of the trash, with all that they had. */
        post: operations["restoreSessions"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/settings": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The settings with their limits. */
        get: operations["getSettings"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        /** Changes settings: `{"limits.nesting":32}` or `{"limits":{"nesting":32}}`; `null` goes back to the default. */
        patch: operations["changeSettings"];
        trace?: never;
    };
    "/api/ticket": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Makes a one-time ticket: opening its address gives the browser a cookie. */
        post: operations["makeTicket"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/token": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The token that clients show where `auth = "token"`. */
        get: operations["getToken"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/token/rotate": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Makes a new token. The old one, all cookies and all tickets end; open WebSockets stay; the caller's own cookie is renewed. */
        post: operations["rotateToken"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/assets/{file}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** A file of the page. */
        get: operations["asset"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/icon.svg": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The page's icon. */
        get: operations["icon"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/metrics": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Metrics in Prometheus' text form. */
        get: operations["metrics"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/recording/events": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Records events of a «chasm-cli 2.0.0» client. */
        post: operations["chasm2RecordEvents"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/recording/session/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The same, under the path that 2.0.0 has for it. */
        get: operations["chasm2GetOneSession"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/recording/session/{id}/recovery": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** How far a session is recorded, for a «chasm-cli 2.0.0» client. */
        get: operations["chasm2Recovery"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/recording/sessions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The sessions that are recorded now, for a «chasm-cli 2.0.0» client. */
        get: operations["chasm2ListSessions"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/recording/sessions/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** A session with its messages, for a «chasm-cli 2.0.0» client. */
        get: operations["chasm2GetSession"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/recording/snapshot": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Takes a session as a «chasm-cli 2.0.0» client sees it. */
        post: operations["chasm2TakeSnapshot"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/recording/status": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The recorder's health, for a «chasm-cli 2.0.0» client. */
        get: operations["chasm2Status"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/recording/ws": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The WebSocket that «chasm-cli 2.0.0» clients record over. */
        get: operations["chasm2Connect"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/ws/recording": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The WebSocket that clients record over; the protocol says what goes over it. */
        get: operations["connect"];
        put?: never;
        post?: never;
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
        /** @description Body of `PATCH /api/app`. A field that is absent stays. */
        AppPatch: {
            start_at_login?: boolean | null;
        };
        /** @description `GET /api/app` */
        AppView: {
            /** @description The recorder starts when its user logs in. */
            start_at_login: boolean;
            /** @description This recorder has a desktop; always true in an answer. */
            available: boolean;
        };
        /** @description Events on disk in the journal that the database does not have yet. */
        BufferStatus: {
            /** Format: int64 */
            events: number;
            /** Format: int64 */
            bytes: number;
            /** Format: int64 */
            max_bytes: number;
            last_flush?: components["schemas"]["Timestamp"] | null;
        };
        /** @description A file of an editor that holds an interrupted session. */
        CandidateFile: {
            /** @description Id of the editor, such as `claude-code`. */
            editor: string;
            path: string;
            modified_at?: components["schemas"]["Timestamp"] | null;
            /**
             * Format: int64
             * @description Messages of the session that the file holds.
             */
            messages: number;
            /**
             * Format: int64
             * @description Those of them that neither events nor snapshots have.
             */
            only_there: number;
            readable: boolean;
            /** @description Why it cannot be read, or what is damaged in it. */
            problem?: string | null;
        };
        /**
         * Format: int64
         * @description One WebSocket connection, or one REST request; unique within a run of the recorder. 0 is the recorder itself.
         */
        ConnectionId: number;
        ConnectionStatus: {
            connection: components["schemas"]["ConnectionId"];
            client?: string | null;
            since: components["schemas"]["Timestamp"];
            /** @description The sessions it carries. */
            sessions: string[];
            /** Format: int64 */
            events: number;
            last_event_at?: components["schemas"]["Timestamp"] | null;
        };
        /** @description The content of a message: a string, or an array of parts in the client's own shape. */
        Content: string | unknown[];
        DamageReport: {
            /** @description What is damaged and where: `segment 12: bad checksum at byte 4096`. */
            what: string;
            /** Format: int64 */
            bytes: number;
            quarantined_as?: string | null;
            at?: components["schemas"]["Timestamp"] | null;
        };
        DatabaseStatus: {
            /** Format: int64 */
            bytes: number;
            path: string;
        };
        /** @description What of the desktop is at work. Recording depends on none of it. */
        DesktopStatus: {
            tray: components["schemas"]["Part"];
            window: components["schemas"]["Part"];
            notifications: components["schemas"]["Part"];
        };
        /** @description What a program needs to find display and session bus. */
        DisplayEnvironment: {
            DISPLAY?: string | null;
            WAYLAND_DISPLAY?: string | null;
            XAUTHORITY?: string | null;
            DBUS_SESSION_BUS_ADDRESS?: string | null;
            XDG_RUNTIME_DIR?: string | null;
        };
        /** @description An editor whose chats can be recorded. */
        EditorView: {
            id: string;
            name: string;
            /** @description Its folder is there. */
            found: boolean;
            /** @description Where its folder is, or would be; absent where nothing says so or the editor is switched off. */
            path?: string | null;
            /**
             * Format: int64
             * @description Sessions in its folder; absent where they could not be counted.
             */
            sessions?: number | null;
            /**
             * Format: int64
             * @description Those of them that are recorded.
             */
            recorded?: number | null;
            /** @description Its files may be read. */
            enabled: boolean;
            /** @description What it writes is recorded while it writes it. */
            follow: boolean;
            /**
             * Format: int64
             * @description Sessions in its folder that the editor itself does not show any more; absent where they could not be counted.
             */
            hidden?: number | null;
            /**
             * Format: int64
             * @description Sessions that the editor will delete within seven days and that are not recorded; absent where they could not be counted.
             */
            expiring?: number | null;
            how: components["schemas"]["EditorWay"];
        };
        /**
         * @description How an editor's chats come into the recorder.
         * @enum {string}
         */
        EditorWay: "import" | "extension" | "none";
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
        EventPage: {
            events: components["schemas"]["StoredEvent"][];
            next_cursor?: string | null;
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
        /** @description What a recovery was made from. */
        Evidence: {
            origin: components["schemas"]["Origin"];
            /** @description Such as «snapshot of 2026-01-31T14:02:05Z» or the path of a file. */
            source: string;
            /** Format: int64 */
            messages: number;
        };
        /**
         * @description How a session is written down.
         * @enum {string}
         */
        ExportFormat: "markdown" | "json" | "jsonl" | "html";
        /** @description Body of `POST /api/recording/export`. */
        ExportRequest: {
            /** @description 1 to 1000 of them. */
            session_ids: string[];
            format?: components["schemas"]["ExportFormat"];
        };
        /** @description A value, and how many sessions have it. */
        Facet: {
            value: string;
            /** Format: int64 */
            count: number;
        };
        /** @description The values of each facet, the most frequent first, at most 200 of each. Each facet counts under the filters of the others. */
        Facets: {
            states: components["schemas"]["Facet"][];
            providers: components["schemas"]["Facet"][];
            editors: components["schemas"]["Facet"][];
            workspaces: components["schemas"]["Facet"][];
            models: components["schemas"]["Facet"][];
            tags: components["schemas"]["Facet"][];
        };
        /** @enum {string} */
        FollowState: "off" | "looking" | "importing" | "following";
        /** @description The following of editors' files. */
        FollowStatus: {
            state: components["schemas"]["FollowState"];
            /**
             * Format: int64
             * @description Sessions that editors are writing now.
             */
            live: number;
            /**
             * Format: int64
             * @description Sessions that are imported in the background.
             */
            importing: number;
            /** @description Why changes are looked for from time to time only, where the system does not tell of all. */
            problem?: string | null;
        };
        /** @enum {string} */
        Health: "recording" | "paused" | "degraded";
        /** @enum {string} */
        HitKind: "title" | "message" | "tool_call";
        /** @description Events that a client sent and that never came, with what is around them. */
        Hole: {
            /**
             * Format: int64
             * @description The first missing `seq`.
             */
            from: number;
            /**
             * Format: int64
             * @description The last missing `seq`.
             */
            to: number;
            after?: components["schemas"]["Timestamp"] | null;
            before?: components["schemas"]["Timestamp"] | null;
            /**
             * Format: int64
             * @description Place of the first message or tool call behind the hole.
             */
            before_position?: number | null;
        };
        /** @description What an import did. */
        ImportAnswer: {
            /**
             * Format: int64
             * @description Files that were read.
             */
            files: number;
            /**
             * Format: int64
             * @description Sessions in them.
             */
            sessions: number;
            /**
             * Format: int64
             * @description Events that the recorder did not have.
             */
            new_events: number;
            /** Format: int64 */
            known_events: number;
            /** @description What could not be read or taken, each in one sentence; the first hundred. */
            problems: string[];
        };
        /** @description Body of `POST /api/editors/{id}/import`. It has no fields. */
        ImportRequest: Record<string, never>;
        InterruptedAtStart: {
            session_id: string;
            reason: components["schemas"]["InterruptionReason"];
            since: components["schemas"]["Timestamp"];
        };
        /** @description When and why recording of a session stopped, and what came of it. */
        Interruption: {
            reason: components["schemas"]["InterruptionReason"];
            since: components["schemas"]["Timestamp"];
            until?: components["schemas"]["Timestamp"] | null;
            /**
             * Format: int64
             * @description Events that happened before `until` and were sent after it.
             */
            replayed: number;
            /**
             * Format: int64
             * @description Place of the first message or tool call that came after `since`; absent where there is none, or none was looked for.
             */
            before_position?: number | null;
            /** @description Places of what was replayed, as inclusive ranges; at most 100 of them. */
            replayed_positions?: [
                number,
                number
            ][];
        };
        /**
         * @description Why a session was interrupted.
         * @enum {string}
         */
        InterruptionReason: "disconnect" | "server_crash" | "server_stop" | "timeout";
        /** @description A part of a session, by position. */
        ItemsPage: {
            items: components["schemas"]["SessionItem"][];
            /**
             * Format: int64
             * @description `from` of the next part; absent where this one reaches the end.
             */
            next_from?: number | null;
            /**
             * Format: int64
             * @description What this part is a view of. Who reads several parts keeps the revision of the first one for `changed_since`.
             */
            revision: number;
            /**
             * Format: int64
             * @description The highest position.
             */
            total: number;
            /** @description Positions that had an item and have none any more; with `changed_since` only. */
            removed?: number[] | null;
            /**
             * Format: int64
             * @description Events of unknown types that belong to this part and would have made it too long; the list of events has them.
             */
            others_left_out?: number;
        };
        JournalStatus: {
            /** Format: int64 */
            segments: number;
            /** Format: int64 */
            bytes: number;
            /** Format: int64 */
            last_lsn: number;
            /** Format: int64 */
            durable_lsn: number;
            /** Format: int64 */
            applied_lsn: number;
            /** Format: int64 */
            syncs: number;
        };
        /** @description Something that a person may want to know. */
        LifecycleEvent: {
            session_id: string;
            title?: string | null;
            /** @enum {string} */
            kind: "started";
        } | {
            connection: components["schemas"]["ConnectionId"];
            client?: string | null;
            /** @enum {string} */
            kind: "connected";
        } | {
            connection: components["schemas"]["ConnectionId"];
            client?: string | null;
            sessions: string[];
            /** @enum {string} */
            kind: "dropped";
        } | {
            session_id: string;
            reason: components["schemas"]["InterruptionReason"];
            since: components["schemas"]["Timestamp"];
            title?: string | null;
            /** @enum {string} */
            kind: "interrupted";
        } | {
            session_id: string;
            since: components["schemas"]["Timestamp"];
            /** Format: int64 */
            replayed: number;
            /** Format: int64 */
            missing: number;
            title?: string | null;
            /** @enum {string} */
            kind: "reconnected";
        } | {
            session_id: string;
            title?: string | null;
            /** @enum {string} */
            kind: "completed";
        } | {
            /** Format: int64 */
            sessions: number;
            /** Format: int64 */
            messages: number;
            /** Format: int64 */
            incomplete: number;
            session_ids: string[];
            /** @enum {string} */
            kind: "recovered";
        } | {
            /** Format: int64 */
            replayed_records: number;
            /** Format: int64 */
            interrupted: number;
            /** Format: int64 */
            damaged: number;
            clean_stop: boolean;
            /** @enum {string} */
            kind: "recovery_at_start";
        } | {
            what: string;
            quarantined_as?: string | null;
            /** @enum {string} */
            kind: "damage_found";
        } | {
            reason: components["schemas"]["StopReason"];
            message: string;
            /** @enum {string} */
            kind: "recording_stopped";
        } | {
            stopped_at: components["schemas"]["Timestamp"];
            /** @enum {string} */
            kind: "recording_resumed";
        } | {
            until?: components["schemas"]["Timestamp"] | null;
            /** @enum {string} */
            kind: "paused";
        } | {
            /** @enum {string} */
            kind: "resumed";
        } | {
            session_id: string;
            /** @enum {string} */
            kind: "deleted";
        } | {
            session_ids: string[];
            purge_at: components["schemas"]["Timestamp"];
            /** @enum {string} */
            kind: "trashed";
        } | {
            session_ids: string[];
            /** @enum {string} */
            kind: "restored";
        } | {
            reason: components["schemas"]["PurgeReason"];
            receipt: components["schemas"]["Purged"];
            /** @enum {string} */
            kind: "purged";
        } | {
            /** @description As browsers spell it: `https://chat.example.org`. */
            origin: string;
            /** @enum {string} */
            kind: "origin_refused";
        };
        /** @description One item of the live stream (`GET /api/recording/live`). */
        LiveEvent: {
            at: components["schemas"]["Timestamp"];
            event: components["schemas"]["LifecycleEvent"];
            /** @enum {string} */
            type: "lifecycle";
        } | {
            session_ids: string[];
            /** @enum {string} */
            type: "changed";
        } | {
            session_id: string;
            message_id: string;
            role?: components["schemas"]["Role"] | null;
            delta: string;
            at: components["schemas"]["Timestamp"];
            /** @enum {string} */
            type: "delta";
        } | {
            operation: components["schemas"]["Operation"];
            /** Format: int64 */
            done: number;
            /** Format: int64 */
            total: number;
            /** @description The session that was done last, where it was one. */
            session_id?: string | null;
            /** @enum {string} */
            type: "progress";
        } | {
            /** Format: int64 */
            missed: number;
            /** @enum {string} */
            type: "lagged";
        };
        /** @description A message as folded from events and snapshots. */
        Message: {
            /**
             * Format: int64
             * @description Place among the session's messages and tool calls, from 1.
             */
            position: number;
            message_id?: string | null;
            role: components["schemas"]["Role"];
            content: components["schemas"]["Content"];
            model?: string | null;
            parent_id?: string | null;
            /** @description Still streaming, or cut off while streaming. */
            partial?: boolean;
            timestamp?: components["schemas"]["Timestamp"] | null;
            metadata?: {
                [key: string]: unknown;
            };
            /** @description What brought the message first. */
            origin: components["schemas"]["Origin"];
            completed_by?: components["schemas"]["Origin"] | null;
            /** @description Other ids under which a source knows this message. */
            aliases?: string[];
            /** @description Other contents that a source has for this message and that do not continue the one shown. */
            versions?: components["schemas"]["Version"][];
        };
        /** @description Body of a call that takes nothing. */
        Nothing: Record<string, never>;
        /** @description A lifecycle event that was kept. */
        Notice: components["schemas"]["LifecycleEvent"] & {
            /** Format: int64 */
            id: number;
            at: components["schemas"]["Timestamp"];
            /** @description The titles that the sessions of the event have now, by their ids. */
            titles?: {
                [key: string]: string;
            };
        };
        NoticePage: {
            notices: components["schemas"]["Notice"][];
            next_cursor?: string | null;
        };
        /** @description Body of `POST /api/app/open`. */
        OpenApp: {
            /** @description Where the window goes: `/`, `/session/ID`, `/recovery`, … */
            path?: string | null;
            /** @description No window is wished, only the display handed over. */
            hidden?: boolean;
            environment?: components["schemas"]["DisplayEnvironment"] | null;
        };
        /**
         * @description What takes its time.
         * @enum {string}
         */
        Operation: "recovery" | "import";
        /**
         * @description Where a message or tool call came from.
         * @enum {string}
         */
        Origin: "event" | "snapshot" | "editor_file";
        /** @description An event of an unknown type, and where it happened. */
        OtherItem: components["schemas"]["StoredEvent"] & {
            /**
             * Format: int64
             * @description Place of the first item behind it; one above the highest where there is none.
             */
            before: number;
        };
        Part: {
            state: components["schemas"]["PartState"];
            /** @description What is missing, and what to do about it. */
            detail?: string | null;
        };
        /** @enum {string} */
        PartState: "ok" | "off" | "missing";
        /** @description Body of `POST /api/recording/pause`. */
        PauseRequest: {
            /**
             * Format: int32
             * @description Absent: until it is resumed.
             */
            minutes?: number | null;
        };
        /** @description Answer to `POST /api/recording/probe`. */
        ProbeAnswer: {
            /**
             * Format: int64
             * @description The journal's last record that is on disk.
             */
            durable_lsn: number;
            /** Format: double */
            took_ms: number;
        };
        /**
         * @description What is wrong, where something cannot be written.
         * @enum {string}
         */
        ProblemCode: "disk_full" | "sync_failed" | "database_failed" | "stopping";
        /**
         * @description Why sessions were deleted for good.
         * @enum {string}
         */
        PurgeReason: "trash" | "retention" | "delete";
        /** @description What was deleted for good. */
        PurgeReceipt: components["schemas"]["Purged"] & {
            /** @description At most 1000 of them. */
            session_ids: string[];
        };
        /** @description Body of `POST /api/recording/trash/purge`. */
        PurgeRequest: {
            /** @description These of the trash; absent: all of it. */
            session_ids?: string[] | null;
        };
        /** @description What was deleted for good, in numbers. */
        Purged: {
            at: components["schemas"]["Timestamp"];
            /** Format: int64 */
            sessions: number;
            /** Format: int64 */
            messages: number;
            /** Format: int64 */
            tool_calls: number;
            /** Format: int64 */
            events: number;
            /** Format: int64 */
            snapshots: number;
            /**
             * Format: int64
             * @description Of the raw events, snapshots and items, as stored.
             */
            bytes: number;
        };
        /** @description `GET /api/recording/rates`: what this run recorded, second by second, in steps; the oldest first. */
        Rates: {
            /** Format: int32 */
            step_secs: number;
            /** @description End of the last step, a whole second. */
            until: components["schemas"]["Timestamp"];
            /** @description Events recorded in each step; duplicates are none. */
            events: number[];
            /** @description Syncs of the journal in each step. */
            syncs: number[];
        };
        RecoveredSession: components["schemas"]["Recovery"] & {
            session_id: string;
            title?: string | null;
            /** Format: int64 */
            messages: number;
        };
        /** @description One recovery of one session, with its evidence. */
        Recovery: {
            at: components["schemas"]["Timestamp"];
            reason?: components["schemas"]["InterruptionReason"] | null;
            /**
             * Format: int64
             * @description Messages by where they came from.
             */
            from_events: number;
            /** Format: int64 */
            from_snapshots: number;
            /** Format: int64 */
            from_editor_files: number;
            /**
             * Format: int64
             * @description Messages whose text another source completed.
             */
            completed: number;
            /**
             * Format: int64
             * @description Answers that stay incomplete.
             */
            partial: number;
            /**
             * Format: int64
             * @description Tool calls that never got a result.
             */
            open_tool_calls: number;
            /** @description Holes in `seq` that stay. */
            missing: [
                number,
                number
            ][];
            evidence: components["schemas"]["Evidence"][];
        };
        /** @description What is at hand for an interrupted session. */
        RecoveryCandidate: components["schemas"]["SessionSummary"] & {
            interruption?: components["schemas"]["Interruption"] | null;
            /** Format: int64 */
            snapshots: number;
            last_snapshot_at?: components["schemas"]["Timestamp"] | null;
            /**
             * Format: int64
             * @description Messages that only snapshots have.
             */
            only_in_snapshots: number;
            /** Format: int64 */
            partial_messages: number;
            /** Format: int64 */
            open_tool_calls: number;
            missing: [
                number,
                number
            ][];
            /**
             * Format: int64
             * @description Messages that the session will have when it is recovered.
             */
            messages_after?: number;
            /**
             * Format: int64
             * @description Messages that recovering adds to what is shown now.
             */
            added?: number;
            /**
             * Format: int64
             * @description Messages whose text an editor's file completes.
             */
            completed?: number;
            /**
             * Format: int64
             * @description Answers that stay incomplete.
             */
            still_partial?: number;
            /**
             * Format: int64
             * @description Tool calls that stay without a result.
             */
            still_open_tool_calls?: number;
            /** @description Holes in `seq` that stay. What an editor's file has of them is added, but has no `seq`. */
            still_missing?: [
                number,
                number
            ][];
            editor_files?: components["schemas"]["CandidateFile"][];
            /** @description What recovering would use and cannot. */
            unavailable?: components["schemas"]["Unavailable"][];
        };
        /** @description `GET /api/recording/recovery` */
        RecoveryOverview: {
            /** @description Interrupted sessions, the latest first. */
            interrupted: components["schemas"]["RecoveryCandidate"][];
            /** @description Past recoveries, the latest first. */
            reports: components["schemas"]["RecoveryReport"][];
            last_start?: components["schemas"]["StartReport"] | null;
            /** @description Files that hold damaged bytes that were set aside. */
            quarantine: components["schemas"]["DamageReport"][];
        };
        /** @description What a recovery did. */
        RecoveryReport: {
            /**
             * Format: int64
             * @description 0 where nothing was recovered: such a report is not kept.
             */
            report_id: number;
            at: components["schemas"]["Timestamp"];
            recovered: components["schemas"]["RecoveredSession"][];
            /** @description Sessions that were asked for and are not interrupted, or unknown. */
            skipped: components["schemas"]["SkippedSession"][];
        };
        /** @description Body of `POST /api/recording/recovery`. */
        RecoveryRequest: {
            /** @description These sessions; absent: all interrupted ones. */
            session_ids?: string[] | null;
        };
        /** @description A field that was refused, and the rule that its value breaks. */
        RefusedField: {
            field: string;
            reason: string;
        };
        /** @description Past recoveries, the latest first. */
        ReportPage: {
            reports: components["schemas"]["RecoveryReport"][];
            next_cursor?: string | null;
        };
        /** @description Answer to `POST /api/recording/trash/restore`. */
        RestoreAnswer: {
            restored: string[];
            /** @description Not in the trash, or not any more. */
            unknown: string[];
        };
        /** @description What retention would delete for good. */
        RetentionPreview: {
            /** Format: int64 */
            sessions: number;
            /** Format: int64 */
            messages: number;
            /**
             * Format: int64
             * @description Of the raw events, snapshots and items, as stored.
             */
            bytes: number;
            /**
             * Format: int64
             * @description How many of them are interrupted.
             */
            interrupted: number;
            oldest?: components["schemas"]["Timestamp"] | null;
            newest?: components["schemas"]["Timestamp"] | null;
            /** @description Some of them, the oldest first. */
            sample: components["schemas"]["SessionSummary"][];
        };
        /** @description Body of `POST /api/recording/retention/preview`. A field that is absent is as set. */
        RetentionRequest: {
            /**
             * Format: int64
             * @description 0: for ever.
             */
            days?: number | null;
            keep_starred?: boolean | null;
            /**
             * Format: int64
             * @description 0: no limit.
             */
            max_gib?: number | null;
        };
        /**
         * @description Who speaks. The numbers are stored and never change their meaning.
         * @enum {string}
         */
        Role: "user" | "assistant" | "system" | "tool";
        SearchAnswer: {
            hits: components["schemas"]["SearchHit"][];
            next_cursor?: string | null;
        };
        /** @description One hit of the full-text search. */
        SearchHit: {
            session_id: string;
            session_title?: string | null;
            state: components["schemas"]["State"];
            kind: components["schemas"]["HitKind"];
            /**
             * Format: int64
             * @description Place of the message or tool call in its session; absent for a title.
             */
            position?: number | null;
            role?: components["schemas"]["Role"] | null;
            timestamp?: components["schemas"]["Timestamp"] | null;
            /** @description Plain text around the hit. */
            excerpt: string;
            /** @description Byte ranges of `excerpt` that match, as `[from, to)`. */
            marks: [
                number,
                number
            ][];
        };
        /** @description A session in full. */
        SessionDetail: components["schemas"]["SessionSummary"] & {
            metadata: {
                [key: string]: unknown;
            };
            end_reason?: string | null;
            /** Format: int64 */
            expected_messages?: number | null;
            messages: components["schemas"]["Message"][];
            tool_calls: components["schemas"]["ToolCall"][];
            interruptions: components["schemas"]["Interruption"][];
            /** @description Holes in `seq`, as inclusive ranges. */
            missing: [
                number,
                number
            ][];
            recoveries: components["schemas"]["Recovery"][];
            /** @description Events whose `event_id` was taken by another content. */
            conflicts: components["schemas"]["StoredEvent"][];
            /** @description Events of unknown types. */
            other: components["schemas"]["StoredEvent"][];
            purge_at?: components["schemas"]["Timestamp"] | null;
            /**
             * Format: int64
             * @description Grows with every change of the session's items or head.
             */
            revision?: number;
            /**
             * Format: int64
             * @description The highest position of a message or tool call.
             */
            items?: number;
            /**
             * Format: int64
             * @description How many events of unknown types there are.
             */
            other_count?: number;
            /**
             * Format: int64
             * @description How many conflicting events there are.
             */
            conflict_count?: number;
            /** @description The holes in `seq` with their places. */
            holes?: components["schemas"]["Hole"][];
        };
        /** @description A place in a session where words were found. */
        SessionHit: {
            kind: components["schemas"]["HitKind"];
            /**
             * Format: int64
             * @description Place of the message or tool call; absent for a title.
             */
            position?: number | null;
            role?: components["schemas"]["Role"] | null;
            timestamp?: components["schemas"]["Timestamp"] | null;
            /** @description Plain text around the hit. */
            excerpt: string;
            /** @description Byte ranges of `excerpt` that match, as `[from, to)`. */
            marks: [
                number,
                number
            ][];
        };
        /** @description Body of `POST /api/recording/trash` and `…/trash/restore`. */
        SessionIds: {
            /** @description 1 to 10000 of them. */
            session_ids: string[];
        };
        /** @description Something that stands in a session's order. */
        SessionItem: (components["schemas"]["Message"] & {
            /** @enum {string} */
            kind: "message";
        }) | (components["schemas"]["ToolCall"] & {
            /** @enum {string} */
            kind: "tool_call";
        }) | (components["schemas"]["OtherItem"] & {
            /** @enum {string} */
            kind: "other";
        });
        SessionPage: {
            sessions: components["schemas"]["SessionSummary"][];
            /**
             * Format: int64
             * @description How many sessions the filter finds in all.
             */
            total: number;
            next_cursor?: string | null;
        };
        /** @description Body of `PATCH /api/recording/sessions/{id}`. A field that is absent stays; `title: null` goes back to the client's. */
        SessionPatch: {
            title?: string | null;
            starred?: boolean | null;
            tags?: string[] | null;
        };
        /** @description One row of a list of sessions. */
        SessionSummary: {
            session_id: string;
            /** @description The user's title, else the client's. */
            title?: string | null;
            preview?: string | null;
            state: components["schemas"]["State"];
            provider?: string | null;
            model?: string | null;
            workspace?: string | null;
            editor?: string | null;
            started_at: components["schemas"]["Timestamp"];
            last_event_at: components["schemas"]["Timestamp"];
            ended_at?: components["schemas"]["Timestamp"] | null;
            /** Format: int64 */
            event_count: number;
            /** Format: int64 */
            message_count: number;
            /** Format: int64 */
            tool_call_count: number;
            /** Format: int64 */
            interruption_count: number;
            starred: boolean;
            tags: string[];
            /** @description A connection carries it right now. */
            live: boolean;
            /** @description Where the words that the list was asked for stand; only where they were asked for. */
            hits?: components["schemas"]["SessionHit"][] | null;
        };
        /**
         * @description What a setting's value is.
         * @enum {string}
         */
        SettingKind: "number" | "switch" | "time" | "text" | "choice" | "list";
        /** @description One setting, as `GET /api/settings` shows it. */
        SettingView: {
            key: string;
            about: string;
            /** @description What `config.toml` says, or the default. */
            value: unknown;
            /** @description What is in force now. */
            running: unknown;
            default: unknown;
            /** Format: int64 */
            min?: number | null;
            /** Format: int64 */
            max?: number | null;
            one_of?: string[] | null;
            kind: components["schemas"]["SettingKind"];
            /** @description What a choice may be. */
            choices?: string[] | null;
            /** @description What a number counts: `bytes`, `MiB`, `GiB`, `ms`, `s`, `min` or `days`. */
            unit?: string | null;
            /** @description A change is in force at once; else after a restart. */
            live: boolean;
            /** @description `value` is not in force before a restart. */
            restart_needed: boolean;
        };
        /** @description All settings. */
        SettingsAnswer: {
            settings: components["schemas"]["SettingView"][];
            /** @description Something was changed that is not in force before a restart. */
            restart_needed: boolean;
        };
        SkippedSession: {
            session_id: string;
            title?: string | null;
            reason: string;
        };
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
        /** @description What the start found and did. */
        StartReport: {
            at: components["schemas"]["Timestamp"];
            /** @description The run before ended cleanly (true also for the very first start). */
            clean_stop: boolean;
            database_ok: boolean;
            /** @description Where a damaged database was set aside, and what could be read back from it. */
            database_note?: string | null;
            /** Format: int64 */
            journal_records: number;
            /** Format: int64 */
            replayed_records: number;
            /** Format: int64 */
            torn_tail_bytes: number;
            damage: components["schemas"]["DamageReport"][];
            interrupted: components["schemas"]["InterruptedAtStart"][];
            /** Format: double */
            took_ms: number;
        };
        /**
         * @description Where a session stands.
         * @enum {string}
         */
        State: "recording" | "completed" | "interrupted" | "recovered";
        /** @description `GET /api/recording/status` */
        Status: {
            status: components["schemas"]["Health"];
            /** @description Since when `status` has its value. Of a pause that a restart found: since when it was set. */
            since: components["schemas"]["Timestamp"];
            /** @description What is wrong and what to do, where `status` is `degraded`. */
            problem?: string | null;
            problem_code?: components["schemas"]["ProblemCode"] | null;
            /** @description What `problem` names: `detail` is the cause in the words of the operating system or of the database. */
            problem_values: {
                [key: string]: unknown;
            };
            version: string;
            started_at: components["schemas"]["Timestamp"];
            /** Format: double */
            uptime_secs: number;
            paused_until?: components["schemas"]["Timestamp"] | null;
            /**
             * Format: int64
             * @description Sessions in state `recording`.
             */
            active_sessions: number;
            /**
             * Format: int64
             * @description Sessions in state `interrupted`.
             */
            interrupted_sessions: number;
            /** Format: int64 */
            sessions: number;
            connections: components["schemas"]["ConnectionStatus"][];
            /** Format: int64 */
            events_recorded: number;
            /** Format: int64 */
            duplicates: number;
            /** Format: int64 */
            rejected: number;
            last_durable_write?: components["schemas"]["Timestamp"] | null;
            buffer: components["schemas"]["BufferStatus"];
            journal: components["schemas"]["JournalStatus"];
            database: components["schemas"]["DatabaseStatus"];
            /** @description The folder that everything is kept in. */
            data_dir: string;
            /** Format: int64 */
            disk_free_bytes?: number | null;
            last_recovery?: components["schemas"]["StartReport"] | null;
            /** @description What is done with editors' own files. */
            follow: components["schemas"]["FollowStatus"];
            desktop?: components["schemas"]["DesktopStatus"] | null;
        };
        /**
         * @description Why nothing can be recorded.
         * @enum {string}
         */
        StopReason: "disk_full" | "sync_failed" | "database_failed" | "unreachable";
        /** @description An event as it was received. */
        StoredEvent: {
            /**
             * Format: int64
             * @description Log sequence number: the order of arrival.
             */
            lsn: number;
            received_at: components["schemas"]["Timestamp"];
            /** @description It lost against an earlier event of the same `event_id`. */
            conflict?: boolean;
            /** @description The event as the client sent it. */
            event: unknown;
        };
        /** @description Body of `POST /api/app/notify`: nothing. */
        TestNotification: Record<string, never>;
        Ticket: {
            /** @description Opens the UI, once. */
            url: string;
            /** Format: int64 */
            expires_in_secs: number;
        };
        /** Format: date-time */
        Timestamp: string;
        Token: {
            /** @description 64 hexadecimal digits. */
            token: string;
            /** @description The file that has it. */
            path: string;
            /** @description Callers need it (`auth = "token"`). */
            in_use: boolean;
        };
        /** @description A tool call with its result, as folded. */
        ToolCall: {
            /**
             * Format: int64
             * @description Place among the session's messages and tool calls, from 1.
             */
            position: number;
            call_id?: string | null;
            /** @description The message that made the call. */
            message_id?: string | null;
            /** @description Empty where only a result without a name is known. */
            name: string;
            arguments?: unknown;
            output?: unknown;
            /** @description A result has come, though it may have no output. */
            finished: boolean;
            is_error?: boolean;
            /** Format: double */
            duration_ms?: number | null;
            timestamp?: components["schemas"]["Timestamp"] | null;
            finished_at?: components["schemas"]["Timestamp"] | null;
            origin: components["schemas"]["Origin"];
        };
        /** @description Answer to `POST /api/recording/trash`. */
        TrashAnswer: {
            /** @description In the trash now, those that were there before included. */
            trashed: string[];
            /** @description When the first of them is deleted for good. */
            purge_at: components["schemas"]["Timestamp"];
            unknown: string[];
        };
        /** @description `GET /api/recording/trash` */
        TrashPage: {
            /** @description The latest first. */
            sessions: components["schemas"]["TrashedSession"][];
            /**
             * Format: int64
             * @description How many there are in all.
             */
            total: number;
            next_cursor?: string | null;
        };
        TrashedSession: components["schemas"]["SessionSummary"] & {
            trashed_at: components["schemas"]["Timestamp"];
            /** @description When it is deleted for good. */
            purge_at: components["schemas"]["Timestamp"];
        };
        /** @description A source that a recovery would use and cannot. */
        Unavailable: {
            what: components["schemas"]["UnavailableSource"];
            /** @description Id of the editor. */
            editor?: string | null;
            why: string;
        };
        /** @enum {string} */
        UnavailableSource: "editor_file";
        /** @description Another version of a message. */
        Version: {
            origin: components["schemas"]["Origin"];
            content: components["schemas"]["Content"];
        };
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
    page: {
        parameters: {
            query?: {
                /** @description a one-time ticket */
                ticket?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description a page */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/html": string;
                };
            };
            /** @description the ticket became a cookie */
            303: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description the ticket is used or too old */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    getApp: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description what the desktop app is set to */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AppView"];
                };
            };
            /** @description this recorder runs without a desktop */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    changeApp: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["AppPatch"];
            };
        };
        responses: {
            /** @description what the desktop app is set to now */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AppView"];
                };
            };
            /** @description this recorder runs without a desktop */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    testNotification: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["TestNotification"];
            };
        };
        responses: {
            /** @description it is on its way to the screen */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description there is no desktop, or nothing that shows notifications */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    openApp: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["OpenApp"];
            };
        };
        responses: {
            /** @description the window is there, or comes */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description there is no desktop, or something that a window needs is missing */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description a field is wrong */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    listEditors: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description all editors that are known */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["EditorView"][];
                };
            };
        };
    };
    importEditor: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description id of an editor, such as claude-code */
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ImportRequest"];
            };
        };
        responses: {
            /** @description what was imported, and what could not be read */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ImportAnswer"];
                };
            };
            /** @description the editor's files cannot be found */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description there is no such editor (unknown_editor) */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description a field is wrong */
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
    openapi: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OpenAPI 3.1 */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": unknown;
                };
            };
        };
    };
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
    exportSessions: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ExportRequest"];
            };
        };
        responses: {
            /** @description a download */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/zip": unknown;
                };
            };
            /** @description no such session */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description no sessions, too many, or an unknown format */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    live: {
        parameters: {
            query?: {
                /** @description also what streams into this session, as `delta` events; up to 8 times */
                session?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description server-sent events */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/event-stream": components["schemas"]["LiveEvent"];
                };
            };
            /** @description a parameter makes no sense */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    listNotices: {
        parameters: {
            query?: {
                /** @description words that stand in the client's name, in ids or titles of sessions, in `what` or `message` */
                q?: string;
                /** @description any of these kinds, with commas between */
                kind?: string;
                /** @description those that name this session */
                session_id?: string;
                /** @description at or after this time */
                since?: string;
                /** @description before this time */
                until?: string;
                /** @description 1 to 1000, default 50 */
                limit?: number;
                /** @description next_cursor of the page before */
                cursor?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description a page of notices */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["NoticePage"];
                };
            };
            /** @description a parameter makes no sense */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    pause: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["PauseRequest"];
            };
        };
        responses: {
            /** @description the status */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Status"];
                };
            };
            /** @description a field is wrong */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    probe: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description a record that says nothing is on disk */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ProbeAnswer"];
                };
            };
            /** @description nothing can be recorded */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description the disk is full */
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
    deleteQuarantined: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description `quarantined_as` of one that `GET /api/recording/recovery` lists */
                name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description it is gone */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description no such file lies there */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    rates: {
        parameters: {
            query?: {
                /** @description seconds of a step, 1 to 60, default 10 */
                step?: number;
                /** @description how many steps, 1 to 900, default 90; at most as many as make 15 minutes */
                points?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description events and syncs in each step, the oldest first */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Rates"];
                };
            };
            /** @description a parameter makes no sense */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    recoveryOverview: {
        parameters: {
            query?: {
                /** @description false leaves editors' files unread; default true */
                preview?: boolean;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description interrupted sessions and past reports */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RecoveryOverview"];
                };
            };
            /** @description a parameter makes no sense */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    recover: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["RecoveryRequest"];
            };
        };
        responses: {
            /** @description what was done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RecoveryReport"];
                };
            };
            /** @description a field is wrong */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    listRecoveryReports: {
        parameters: {
            query?: {
                /** @description 1 to 1000, default 50 */
                limit?: number;
                /** @description next_cursor of the page before */
                cursor?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description a page of reports */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ReportPage"];
                };
            };
            /** @description a parameter makes no sense */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    resume: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description the status */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Status"];
                };
            };
        };
    };
    previewRetention: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["RetentionRequest"];
            };
        };
        responses: {
            /** @description what would go */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RetentionPreview"];
                };
            };
            /** @description a value is not allowed */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    runRetention: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Nothing"];
            };
        };
        responses: {
            /** @description what was deleted for good */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PurgeReceipt"];
                };
            };
        };
    };
    search: {
        parameters: {
            query: {
                /** @description what to look for */
                q: string;
                /** @description only in this session */
                session?: string;
                /** @description 1 to 1000, default 50 */
                limit?: number;
                /** @description next_cursor of the page before */
                cursor?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description hits with a marked excerpt */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SearchAnswer"];
                };
            };
            /** @description a parameter makes no sense */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    listSessions: {
        parameters: {
            query?: {
                /** @description active (default: recording), all, recording, interrupted, completed, recovered */
                state?: string;
                /** @description words that title, a message or a tool call must have */
                q?: string;
                /** @description such as anthropic */
                provider?: string;
                /** @description folder or project */
                workspace?: string;
                /** @description such as vscode */
                editor?: string;
                /** @description such as claude-opus-4 */
                model?: string;
                /** @description these sessions: at most 100 ids with commas between, each percent-encoded */
                ids?: string;
                /** @description only these, or only the others */
                starred?: boolean;
                /** @description a tag */
                tag?: string;
                /** @description last event at or after: RFC 3339, or milliseconds */
                since?: string;
                /** @description first event before: RFC 3339, or milliseconds */
                until?: string;
                /** @description recent (default), oldest, started, title, messages */
                sort?: string;
                /** @description with q: 1 to 10 hits of each session; then limit is at most 200 */
                excerpts?: number;
                /** @description 1 to 1000, default 50 */
                limit?: number;
                /** @description next_cursor of the page before */
                cursor?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description a page of sessions */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SessionPage"];
                };
            };
            /** @description a parameter makes no sense */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    listFacets: {
        parameters: {
            query?: {
                /** @description active (default: recording), all, recording, interrupted, completed, recovered */
                state?: string;
                /** @description words that title, a message or a tool call must have */
                q?: string;
                /** @description such as anthropic */
                provider?: string;
                /** @description folder or project */
                workspace?: string;
                /** @description such as vscode */
                editor?: string;
                /** @description such as claude-opus-4 */
                model?: string;
                /** @description these sessions: at most 100 ids with commas between, each percent-encoded */
                ids?: string;
                /** @description only these, or only the others */
                starred?: boolean;
                /** @description a tag */
                tag?: string;
                /** @description last event at or after: RFC 3339, or milliseconds */
                since?: string;
                /** @description first event before: RFC 3339, or milliseconds */
                until?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description the most frequent values of each facet */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Facets"];
                };
            };
            /** @description a parameter makes no sense */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    getSession: {
        parameters: {
            query?: {
                /** @description all (default), or none: with empty lists, for /items has them in parts */
                items?: string;
            };
            header?: never;
            path: {
                /** @description the session's id, percent-encoded */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description the session */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SessionDetail"];
                };
            };
            /** @description no such session */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    deleteSession: {
        parameters: {
            query?: never;
            header?: {
                /** @description `return=representation`: answer with a receipt */
                prefer?: string | null;
            };
            path: {
                /** @description the session's id, percent-encoded */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description it is gone, with this in it */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PurgeReceipt"];
                };
            };
            /** @description it is gone */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description no such session */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    changeSession: {
        parameters: {
            query?: {
                /** @description all (default), or none: the answer has empty lists */
                items?: string;
            };
            header?: never;
            path: {
                /** @description the session's id, percent-encoded */
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["SessionPatch"];
            };
        };
        responses: {
            /** @description the session as it is now */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SessionDetail"];
                };
            };
            /** @description no such session */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description a value is not allowed */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    listEvents: {
        parameters: {
            query?: {
                /** @description 1 to 1000, default 50 */
                limit?: number;
                /** @description next_cursor of the page before */
                cursor?: string;
            };
            header?: never;
            path: {
                /** @description the session's id, percent-encoded */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description a page of events */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["EventPage"];
                };
            };
            /** @description no such session */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    exportSession: {
        parameters: {
            query?: {
                /** @description markdown (default), json, jsonl (raw events), html */
                format?: string;
            };
            header?: never;
            path: {
                /** @description the session's id, percent-encoded */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description a download */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/markdown": string;
                    "application/json": components["schemas"]["SessionDetail"];
                    "application/x-ndjson": string;
                    "text/html": string;
                };
            };
            /** @description unknown format */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description no such session */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    listItems: {
        parameters: {
            query?: {
                /** @description from this position on; default 1 */
                from?: number;
                /** @description the last ones before this position; beside neither from nor changed_since */
                before?: number;
                /** @description only what changed after this revision; 0: everything */
                changed_since?: number;
                /** @description 1 to 1000, default 50; a part with much text ends earlier */
                limit?: number;
            };
            header?: never;
            path: {
                /** @description the session's id, percent-encoded */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description a part of the session; who reads several keeps the revision of the first */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ItemsPage"];
                };
            };
            /** @description a parameter makes no sense */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description no such session */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description what changed is not known any more: read all of it again */
            410: {
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
    status: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description health, connections, buffer, journal, database */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Status"];
                };
            };
        };
    };
    listTrash: {
        parameters: {
            query?: {
                /** @description 1 to 1000, default 50 */
                limit?: number;
                /** @description next_cursor of the page before */
                cursor?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description a page of the trash */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["TrashPage"];
                };
            };
            /** @description a parameter makes no sense */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    trashSessions: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["SessionIds"];
            };
        };
        responses: {
            /** @description what is in the trash now */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["TrashAnswer"];
                };
            };
            /** @description a field is wrong */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    purgeTrash: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["PurgeRequest"];
            };
        };
        responses: {
            /** @description what was deleted for good */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PurgeReceipt"];
                };
            };
            /** @description a field is wrong */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    restoreSessions: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["SessionIds"];
            };
        };
        responses: {
            /** @description what was restored */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RestoreAnswer"];
                };
            };
            /** @description a field is wrong */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    getSettings: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description all settings */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SettingsAnswer"];
                };
            };
        };
    };
    changeSettings: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** @description settings by their keys */
        requestBody: {
            content: {
                "application/json": unknown;
            };
        };
        responses: {
            /** @description all settings as they are now */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SettingsAnswer"];
                };
            };
            /** @description values are refused: `field` and `reason` are of the first, `fields` has all */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    makeTicket: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description an address that works once, for a minute */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Ticket"];
                };
            };
        };
    };
    getToken: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description the token */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Token"];
                };
            };
            /** @description the file has another token than the one in force */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    rotateToken: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Nothing"];
            };
        };
        responses: {
            /** @description the new token */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Token"];
                };
            };
        };
    };
    asset: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description its name */
                file: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description the file */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description the page has no such file */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    icon: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description a picture */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "image/svg+xml": unknown;
                };
            };
            /** @description no page was built in */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    metrics: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description OpenMetrics text */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/openmetrics-text": string;
                };
            };
        };
    };
    chasm2RecordEvents: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** @description {"events":[{"type":"message_add",…},…]} */
        requestBody: {
            content: {
                "application/json": unknown;
            };
        };
        responses: {
            /** @description {"processed":n,"responses":[…]}: what was accepted is on disk */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": unknown;
                };
            };
            /** @description not JSON, or not this shape */
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
            /** @description `events` is missing or no list */
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
    chasm2GetOneSession: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description the session's id, percent-encoded */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description the session */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": unknown;
                };
            };
            /** @description no such session */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    chasm2Recovery: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description the session's id, percent-encoded */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description {"type":"recovery","last_message_id":…,"message_count":n} */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": unknown;
                };
            };
            /** @description no such session */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    chasm2ListSessions: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description {"active_sessions":[…],"total":n} */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": unknown;
                };
            };
        };
    };
    chasm2GetSession: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description the session's id, percent-encoded */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description the session */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": unknown;
                };
            };
            /** @description no such session */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
        };
    };
    chasm2TakeSnapshot: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** @description {"type":"session_snapshot","session_id":…,"provider":…,"messages":[…]} */
        requestBody: {
            content: {
                "application/json": unknown;
            };
        };
        responses: {
            /** @description {"type":"ack",…}: the snapshot is on disk */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": unknown;
                };
            };
            /** @description not JSON, or no snapshot */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description too large */
            413: {
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
    chasm2Status: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description {"status":"running",…} */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": unknown;
                };
            };
        };
    };
    chasm2Connect: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description a WebSocket */
            101: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description no WebSocket handshake */
            426: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description stopping: see Retry-After */
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
    connect: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description a WebSocket */
            101: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description no WebSocket handshake */
            426: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ErrorBody"];
                };
            };
            /** @description stopping: see Retry-After */
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
