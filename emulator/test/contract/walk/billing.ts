import type { Walker } from "./walker";

/** Reads the price lists, page by page. */
export async function walkBilling(walker: Walker): Promise<void> {
    const { nextPageToken } = await walker.ok("GET", "/v1/services?pageSize=1");
    await walker.ok("GET", `/v1/services?pageSize=1&pageToken=${encodeURIComponent(String(nextPageToken))}`);
    const skus = "/v1/services/6F81-5844-456A/skus";
    const page = await walker.ok("GET", `${skus}?currencyCode=USD&pageSize=10`);
    await walker.ok("GET", `${skus}?pageSize=10&pageToken=${encodeURIComponent(String(page.nextPageToken))}`);
    await walker.ok("GET", "/v1/services/149C-F9EC-3994/skus");
    await walker.fails(404, "GET", "/v1/services/0000-0000-0000/skus");
}
