import type { Call } from "../google-api";

/** A SKU that may be part of a job's price. */
export interface Price {
    /** Google's description, e.g. "Spot Preemptible N2 Instance Core running in Americas". */
    description: string;
    /** E.g. "CPU". */
    group: string;
    /** US dollars for one `unit`. The highest rate if the price depends on usage. */
    usd: number;
    /** `h` for hours, `GiBy.h` and `GiBy.mo` for GiB hours and months. */
    unit: string;
}

/** The prices in one region. */
export interface PriceList {
    prices: Price[];
    /** False if the amounts are examples, because they do not come from Google. */
    isReal: boolean;
}

/** The ids of Compute Engine, Cloud Storage and Artifact Registry in https://cloud.google.com/skus/sku-groups. */
const services = ["6F81-5844-456A", "95FF-2EF5-5EA1", "149C-F9EC-3994"];
const maxAgeMs = 7 * 24 * 3_600_000;

/**
 * Reads the public price list for one region from the Cloud Billing Catalog API.
 * https://cloud.google.com/billing/docs/reference/rest/v1/services.skus/list
 * @param baseUrl base URL of the Cloud Billing API, with a trailing slash
 */
export async function fetchPriceList(call: Call, baseUrl: string, region: string): Promise<PriceList> {
    const prices: Price[] = [];
    const providers = new Set<string>();
    for (const service of services) {
        let pageToken = "";
        do {
            const query = new URLSearchParams({ currencyCode: "USD", pageSize: "5000", pageToken });
            const url = `${baseUrl}services/${service}/skus?${query}`;
            const page = await call("GET", url);
            if (!Array.isArray(page?.skus)) {
                throw new Error(`${url} must return a list of SKUs`);
            }
            for (const sku of page.skus as Record<string, unknown>[]) {
                if (isIn(sku, region)) {
                    providers.add(String(sku.serviceProviderName));
                    prices.push(...priceOf(sku));
                }
            }
            pageToken = typeof page.nextPageToken === "string" ? page.nextPageToken : "";
        } while (pageToken !== "");
    }
    return { prices, isReal: [...providers].every((provider) => provider === "Google") };
}

/**
 * Returns the price list for one region, from this user's cache if it was read within the last week.
 * @param now in milliseconds since 1970
 */
export async function readPriceList(call: Call, baseUrl: string, region: string, now: number): Promise<PriceList> {
    const { mkdir, readFile, rename, writeFile } = require("node:fs/promises") as typeof import("node:fs/promises");
    const { dirname, join } = require("node:path") as typeof import("node:path");
    const { host } = new URL(baseUrl);
    const path = join(cacheFolder(), `prices-${host.replace(/[^\w.-]/g, "_")}-${region}.json`);
    const cached = parseCached(await readFile(path, "utf8").catch(() => ""));
    if (cached !== undefined && now - cached.readAt >= 0 && now - cached.readAt < maxAgeMs) {
        return cached.list;
    }
    const list = await fetchPriceList(call, baseUrl, region);
    try {
        // Two commands may write at the same time.
        const partial = `${path}.${process.pid}.${now}`;
        await mkdir(dirname(path), { recursive: true });
        await writeFile(partial, JSON.stringify({ schema: 1, readAt: now, list }));
        await rename(partial, path);
    } catch {
        // Without a cache, the next command reads the list again.
    }
    return list;
}

/** The folder, located according to each system's conventions, for files that a later command may reuse. */
function cacheFolder(): string {
    const { homedir } = require("node:os") as typeof import("node:os");
    const { isAbsolute, join } = require("node:path") as typeof import("node:path");
    const { XDG_CACHE_HOME = "", LOCALAPPDATA = "" } = process.env;
    if (isAbsolute(XDG_CACHE_HOME)) {
        return join(XDG_CACHE_HOME, "gcp-trainer");
    }
    if (process.platform === "win32") {
        return join(LOCALAPPDATA || join(homedir(), "AppData", "Local"), "gcp-trainer", "Cache");
    }
    return join(homedir(), process.platform === "darwin" ? "Library/Caches" : ".cache", "gcp-trainer");
}

function parseCached(text: string): { readAt: number; list: PriceList } | undefined {
    try {
        const { schema, readAt, list } = JSON.parse(text) as { schema: unknown; readAt: unknown; list: PriceList };
        return schema === 1 && typeof readAt === "number" && Array.isArray(list.prices) ? { readAt, list } : undefined;
    } catch {
        return undefined;
    }
}

function isIn(sku: Record<string, unknown>, region: string): boolean {
    const regions = sku.serviceRegions;
    return Array.isArray(regions) && (regions.includes(region) || regions.includes("global"));
}

/** The price of a SKU if it can apply to a job; empty for commitments, reservations and other usage. */
function priceOf(sku: Record<string, unknown>): Price[] {
    const { resourceGroup = "" } = (sku.category ?? {}) as { resourceGroup?: string };
    const description = String(sku.description);
    const [info] = (sku.pricingInfo ?? []) as {
        pricingExpression?: { usageUnit?: string; tieredRates?: { unitPrice?: { units?: string; nanos?: number } }[] };
    }[];
    const unit = info?.pricingExpression?.usageUnit ?? "";
    const rates = (info?.pricingExpression?.tieredRates ?? []).map(
        ({ unitPrice }) => Number(unitPrice?.units ?? 0) + (unitPrice?.nanos ?? 0) / 1e9,
    );
    const isPart = ["h", "GiBy.h", "GiBy.mo"].includes(unit) && rates.length > 0;
    return isPart && !/^(Commitment|Reserved|Sole Tenancy|Regional|Calendar|DWS)\b/.test(description)
        ? [{ description, group: resourceGroup, usd: Math.max(...rates), unit }]
        : [];
}
