/** Who this is: in /health, logs and the database's list of connections. */
export const service = "service-node";

/** Of the image: its build argument VERSION. */
export const version = process.env["VERSION"] || "0.0.0";
