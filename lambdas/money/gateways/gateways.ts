import type { Gateway, GatewayName } from './gateway.ts';

/**
 * The client of a gateway, loaded when it is first asked for. Needs `gateway:<name>`.
 *
 * @param marketplace slug: each may have an account of its own
 */
export async function gatewayOf(name: GatewayName, marketplace: string): Promise<Gateway> {
  switch (name) {
    case 'stripe':
      return (await import('./stripe.ts')).stripe(marketplace);
    case 'razorpay':
      return (await import('./razorpay.ts')).razorpay(marketplace);
    case 'paytm':
      return (await import('./paytm.ts')).paytm(marketplace);
    case 'paymongo':
      return (await import('./paymongo.ts')).paymongo(marketplace);
    case 'bolt':
      return (await import('./bolt.ts')).bolt(marketplace);
  }
}
