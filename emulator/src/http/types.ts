import type { IncomingHttpHeaders, IncomingMessage } from "node:http";
import type { Readable } from "node:stream";
import type { ZodType } from "zod";

/**
 * The caller of a request. The owner is the developer on this machine, who may do everything; a service account may do
 * what IAM grants.
 */
export type Principal =
    | { readonly kind: "owner" }
    /** The scopes are those of its access token, if known. */
    | { readonly kind: "serviceAccount"; readonly email: string; readonly scopes?: readonly string[] }
    | { readonly kind: "anonymous" };

/** One request, after routing and authentication. */
export interface ApiRequest<Params = Readonly<Record<string, string>>> {
    readonly method: string;
    /** Path as sent, still percent-encoded, without the query. */
    readonly path: string;
    /**
     * `http://host:port` as the caller addressed the server, without a trailing slash. Links in responses start with
     * it.
     */
    readonly baseUrl: string;
    /** Path parameters, percent-decoded. */
    readonly params: Params;
    readonly query: URLSearchParams;
    readonly headers: IncomingHttpHeaders;
    readonly principal: Principal;
    /** The unread body, for uploads. Other handlers use `json` or `read`. */
    readonly stream: IncomingMessage;
    /** The body as JSON, unchecked; an empty body is `{}`. 400 if it is not JSON, or larger than 16 MiB. */
    json<T>(): Promise<T>;
    /** The body as JSON, checked against the schema: 501 for an unknown field, 400 for a wrong type. */
    read<T>(schema: ZodType<T>): Promise<T>;
}

/** A response. An object is sent as JSON; a Readable is piped. */
export interface ApiResponse {
    /** Default: 200, or 204 without a body. */
    readonly status?: number;
    readonly headers?: Readonly<Record<string, string>>;
    readonly body?: object | string | Buffer | Readable;
}

export type Handler<Params> = (request: ApiRequest<Params>) => Promise<ApiResponse> | ApiResponse;
